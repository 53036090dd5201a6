module example.com/rest-to-rpc

go 1.24
