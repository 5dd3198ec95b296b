// Package version says which release of podinfo this is.
package version

// VERSION is the version that the container is tagged with; `weft release` raises it.
var VERSION = "5.1.5"

// REVISION is the commit that the container was built from; the linker sets it.
var REVISION = "unknown"
