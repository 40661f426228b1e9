// Package coprtest holds every builder to the same suite, and has the attacks that a sandbox must outlive.
package coprtest
