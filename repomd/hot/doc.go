// Package hot serves the metadata of repositories from memory, one verified
// generation at a time.
//
// A generation is one repomd.xml, its signature and every file that it lists, each
// of the listed size and checksum. Load takes a new one whole or not at all, and puts
// it into service by the swap of one pointer. Whatever is wrong on disk (a publisher
// between two renames, rsync half way, a truncated or tampered file, an older state
// played back) leaves the generation in service as it is and a line in Status.
//
//	Load ─► documents ─► judge ─► gather ─► commit ─► view        (swap)
//	                                                   │
//	Lookup ─► table ─► repo ──────────────────────────►┴─► Object ─► Bytes, or Open
//
// It promises:
//   - A hashed name is found in every kept generation: 96 hours after it was replaced,
//     and always the last two. No client meets a torn repository, however slow it is.
//   - A name that is not a hash (EL-5's primary.xml.gz, a signature) follows the client
//     for 60 s: it comes from the generation whose repomd.xml that client was given.
//   - The bytes in memory stay under a budget; the largest and coldest lie in files.
//   - Bytes from disk are hashed before they are served, and again when the file changed.
//   - With a directory, all of this outlives the process; a start with an unchanged tree
//     reads no metadata but the small records there.
//   - Lookup takes no lock and allocates nothing.
//
// What lies in Options.Dir:
//
//	lock                       shared by the processes that use the directory
//	generations/<repo>-<id>    one record: repomd.xml and signature verbatim, the files' names
//	files/<sha256>             the files, by content
//
// Files are copied there, never hard-linked from the tree. A link shares its inode, and
// what a kept generation is for is the moment when somebody's tool changes the tree:
// `rsync --inplace`, `cp` over a file, a restore from backup write into that inode and
// would change the old generation with it. (A reflink would be safe, but metadata is
// about one percent of a tree, and a copy is hashed on its way.)
//
// It leaves to others: which directories are repositories and when to look at them
// (call Load, Retain and Prune from one ticker), HTTP, and metrics (Status and Stats hold
// the facts). A signature is passed through and compared, not verified: there is no key
// to trust here.
//
// BUG(hot): zypper asks for repomd.xml.asc before repomd.xml. When the swap falls between the
// two it is given a signature of the generation before; the next refresh is right.
package hot
