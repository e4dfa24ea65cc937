#!/usr/bin/env bash
# Make sure that PostgreSQL's server programs are installed; the tests of targets start a server of their own.
set -euo pipefail

if compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || command -v initdb > /dev/null; then
	exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
	echo "Installing Debian's package postgresql"
	apt-get update -qq
	# install the programs only: do not create or start a cluster
	mkdir -p /etc/postgresql-common
	[ -e /etc/postgresql-common/createcluster.conf ] ||
		echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql > /dev/null
else
	echo "PostgreSQL's server is not installed, so the tests that need it will fail. Debian, Ubuntu: apt install postgresql" >&2
fi
