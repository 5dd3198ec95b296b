module github.com/demo/podinfo

go 1.24
