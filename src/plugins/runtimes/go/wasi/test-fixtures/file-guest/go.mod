module example.com/fileguest

go 1.26
