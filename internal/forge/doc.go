// Package forge runs the rebuild hub of one site: it puts the parts of package copr together and keeps them going.
//
//	declarations ─► hub ◄─► ledger and queue ◄─► builders
//	                 │            ▲                  │
//	  source packages┘            └──── dock ◄───────┘
//	                 └─► signer (a process of its own) ─► results tree in the root
//
// It owns which part is given which other, what lies where in the state directory, and the order in which they start and
// stop. It decides nothing that one of them could.
package forge
