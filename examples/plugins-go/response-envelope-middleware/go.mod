module example.com/response-envelope-middleware

go 1.24
