# Secrets in the environment: one's own, and that of every process in sight.
env
cat /proc/*/environ | tr '\0' '\n'
tr '\0' '\n' </proc/1/environ
