package version

import (
	"regexp"
	"testing"
)

func TestTheVersionIsASemanticVersionWithoutAV(t *testing.T) {
	if !regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`).MatchString(VERSION) {
		t.Fatalf("VERSION is %q", VERSION)
	}
}
