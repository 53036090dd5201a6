module example.com/jwt-forwarder

go 1.24
