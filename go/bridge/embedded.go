package bridge

import (
	"net/http"
	"reflect"
)

// embedded looks for the writer of a call in the fields of a struct that a plugin has put around it.
func embedded(w http.ResponseWriter, depth int) *response {
	v := reflect.ValueOf(w)
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || depth > 8 {
		return nil
	}
	for i := 0; i < v.NumField(); i++ {
		field := v.Field(i)
		if field.Kind() != reflect.Interface || !field.CanInterface() {
			continue
		}
		inner, ok := field.Interface().(http.ResponseWriter)
		if !ok {
			continue
		}
		if own, ok := inner.(*response); ok {
			return own
		}
		if own := embedded(inner, depth+1); own != nil {
			return own
		}
	}
	return nil
}
