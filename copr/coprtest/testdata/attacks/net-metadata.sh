# Ask the cloud's metadata service, and the world.
for host in 169.254.169.254 192.0.2.1 8.8.8.8; do
	python3 -c "import socket; socket.create_connection(('$host', 80), 2)" && won "reached $host"
done
