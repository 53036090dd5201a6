module example.com/hello-handler

go 1.24
