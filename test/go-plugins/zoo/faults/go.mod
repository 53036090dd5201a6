module zoo/faults

go 1.24
