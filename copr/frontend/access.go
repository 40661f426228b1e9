package frontend

import (
	"net/http"

	"mirrorctl/copr"
	"mirrorctl/internal/web"
)

// allowed says who the client is, if it may build in the project; the zero project stands for any.
func (f *Frontend) allowed(r *http.Request, p copr.ProjectName) (string, error) {
	login, secret, ok := r.BasicAuth()
	if ok && f.Tokens != nil {
		if who, err := f.Tokens.Check(login, secret, ScopeBuild, p); err == nil {
			return who, nil
		}
	}
	return "", unauthorized
}

// authenticated says who the client is, whatever project its token is for.
func (f *Frontend) authenticated(r *http.Request) (string, error) {
	return f.allowed(r, copr.ProjectName{})
}

// unauthorized is one answer for all that may be wrong with a token.
var unauthorized = &web.Problem{
	Status: http.StatusUnauthorized, Reason: "forbidden", Text: "login invalid or expired, or not good for this project",
	Header: http.Header{"Www-Authenticate": {`Basic realm="copr"`}},
}

// authCheck tells a client who it is. It needs a token of any project.
func (f *Frontend) authCheck(w http.ResponseWriter, r *http.Request) error {
	who, err := f.authenticated(r)
	if err != nil {
		return err
	}
	return writeJSON(w, r, map[string]string{"name": who})
}

func (f *Frontend) cancel(w http.ResponseWriter, r *http.Request) error {
	b, err := f.recorded(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	who, err := f.allowed(r, b.Project)
	if err != nil {
		return err
	}
	if b, err = f.Hub.Cancel(r.Context(), b.ID, who); err != nil {
		return err
	}
	return writeJSON(w, r, f.buildRecord(&b))
}
