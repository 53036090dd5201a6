package time

import "syscall"

var platformZoneSources = []string{
	"/usr/share/zoneinfo/",
	"/usr/share/lib/zoneinfo/",
	"/usr/lib/locale/TZ/",
	"/etc/zoneinfo",
}

// initLocal takes the zone that TZ names, or else that of /etc/localtime. What cannot be read is UTC.
func initLocal() {
	localLoc.name = "UTC"
	tz, ok := syscall.Getenv("TZ")
	if !ok {
		if zone, err := loadLocation("localtime", []string{"/etc"}); err == nil {
			localLoc = *zone
			localLoc.name = "Local"
		}
		return
	}
	if tz != "" && tz[0] == ':' {
		tz = tz[1:]
	}
	switch {
	case tz == "" || tz == "UTC":
	case tz[0] == '/':
		if zone, err := loadLocation(tz, []string{""}); err == nil {
			localLoc = *zone
			localLoc.name = tz
			if tz == "/etc/localtime" {
				localLoc.name = "Local"
			}
		}
	default:
		if zone, err := loadLocation(tz, platformZoneSources); err == nil {
			localLoc = *zone
		}
	}
}
