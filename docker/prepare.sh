#!/bin/sh
# `sh docker/prepare.sh [FOLDER]`: makes .env, app.env and random secrets in the folder, docker/ by default. What is
# there stays. The folder of secrets is for its owner alone; inside, each file can be read by the containers' users.
set -eu
umask 077
from=$(cd "$(dirname "$0")" && pwd)
to=${1:-$from}
mkdir -p "$to/secrets"
chmod 700 "$to/secrets"

random() { head -c 48 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
keep() { [ -s "$to/$1" ] || { cat > "$to/$1.new" && mv "$to/$1.new" "$to/$1"; }; }

keep .env < "$from/.env.example"
keep app.env <<'SETTINGS'
# Settings of the application, one a line; .env.example of the project explains them.
# Where models may be: elsewhere, and in the service of the profile vllm.
COSA_MODEL_HOSTS=public,vllm
SETTINGS
random | keep secrets/secret_key
random | keep secrets/postgres_password
head -c 32 /dev/urandom | base64 | tr '+/' '-_' | keep secrets/fernet_keys
printf 'postgresql://cosa:%s@postgres:5432/cosa' "$(cat "$to/secrets/postgres_password")" | keep secrets/database
chmod 444 "$to"/secrets/*
