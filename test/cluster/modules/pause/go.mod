// The first process of every pod. A module of its own: it needs nothing but Go.
module endpoint-registrar/test/cluster/modules/pause

go 1.26.0
