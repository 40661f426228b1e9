// Package coprtest holds every builder to the same suite (TestBuilder), and has the attacks that a sandbox must outlive (Attacks) with
// what they are aimed at (Canary).
//
//	testdata/attacks/NAME.spec       a spec that attacks when it is read
//	testdata/attacks/NAME.sh         a script that attacks in %build, run by template.spec
package coprtest
