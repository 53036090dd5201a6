module example.com/request-response-modifier

go 1.24
