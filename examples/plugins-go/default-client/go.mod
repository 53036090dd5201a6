module example.com/default-client

go 1.24
