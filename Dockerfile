# mirrorctl alone: static, not root, nothing else in the image.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /mirrorctl ./cmd/mirrorctl

FROM scratch
COPY --from=build /mirrorctl /mirrorctl
USER 65534:65534
EXPOSE 8080
HEALTHCHECK CMD ["/mirrorctl", "health"]
ENTRYPOINT ["/mirrorctl"]
CMD ["serve"]
