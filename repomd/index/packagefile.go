package index

import "os"

// ReadPackageFile is ReadPackage for the file of that name.
func ReadPackageFile(name string) (*Package, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return ReadPackage(f, info.Size())
}
