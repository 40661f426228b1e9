package index

// appendPrimary appends a package's element of primary.xml.
func (r *record) appendPrimary(dst []byte) []byte {
	x := xmlText(dst)
	x.raw("<package type=\"rpm\">\n")
	x.element(1, "name", r.Name)
	x.element(1, "arch", r.Arch)
	x.version(r.EVR)
	x.start(1, "checksum")
	x.attr("type", r.checksum.Type)
	x.attr("pkgid", "YES")
	x.text("checksum", r.checksum.Hex)
	x.element(1, "summary", r.Summary)
	x.element(1, "description", r.Description)
	x.element(1, "packager", r.Packager)
	x.element(1, "url", r.URL)
	x.start(1, "time")
	x.number("file", r.fileTime)
	x.number("build", r.BuildTime)
	x.raw("/>\n")
	x.start(1, "size")
	x.number("package", r.Size)
	x.number("installed", r.InstalledSize)
	x.number("archive", r.ArchiveSize)
	x.raw("/>\n")
	x.start(1, "location")
	x.attr("href", r.location)
	x.raw("/>\n")
	x.raw("  <format>\n")
	x.element(2, "rpm:license", r.License)
	x.element(2, "rpm:vendor", r.Vendor)
	x.element(2, "rpm:group", r.Group)
	x.element(2, "rpm:buildhost", r.BuildHost)
	x.element(2, "rpm:sourcerpm", r.SourceRPM)
	x.start(2, "rpm:header-range")
	x.number("start", r.HeaderStart)
	x.number("end", r.HeaderEnd)
	x.raw("/>\n")
	x.dependencies("rpm:provides", r.Provides)
	x.dependencies("rpm:requires", r.metadataRequires())
	x.dependencies("rpm:conflicts", r.Conflicts)
	x.dependencies("rpm:obsoletes", r.Obsoletes)
	x.dependencies("rpm:suggests", r.Suggests)
	x.dependencies("rpm:enhances", r.Enhances)
	x.dependencies("rpm:recommends", r.Recommends)
	x.dependencies("rpm:supplements", r.Supplements)
	for _, f := range r.Files {
		if isPrimary(f.Path()) {
			x.file(2, f)
		}
	}
	x.raw("  </format>\n</package>\n")
	return x
}

func (x *xmlText) dependencies(kind string, deps []Dependency) {
	if len(deps) == 0 {
		return
	}
	x.start(2, kind)
	x.raw(">\n")
	for _, d := range deps {
		v, ok := ParseEVR(d.Version)
		if d.Name == "" || !ok { // clients would read a bad epoch as another version
			continue
		}
		x.start(3, "rpm:entry")
		x.attr("name", d.Name)
		if op := d.Op(); op != "" {
			x.attr("flags", op)
			if d.Version != "" {
				x.number("epoch", v.Epoch)
			}
			if v.Version != "" {
				x.attr("ver", v.Version)
			}
			if v.Release != "" {
				x.attr("rel", v.Release)
			}
		}
		if kind == "rpm:requires" && d.Pre() {
			x.attr("pre", "1")
		}
		x.raw("/>\n")
	}
	x.raw("    </" + kind + ">\n")
}

func (x *xmlText) file(indent int, f File) {
	x.start(indent, "file")
	switch {
	case f.IsDir:
		x.attr("type", "dir")
	case f.Ghost:
		x.attr("type", "ghost")
	}
	x.text("file", f.Path())
}
