#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The lab's Kamailio: on loopback, under a directory of its own, without root.
#
#   kamailio.sh start DIR ADDRESS PORT   users are read from DIR/users ("name password" a line)
#   kamailio.sh stop DIR
#   kamailio.sh forward DIR FROM TO      divert the calls and messages of FROM to TO, now
#   kamailio.sh unforward DIR FROM
#   kamailio.sh contacts DIR             who is registered where
#   kamailio.sh reload DIR               read DIR/users again
#
# Environment: LAB_DOMAIN (ims.example), LAB_TLS=1 (TLS on PORT+1, with a CA made in DIR/ca.pem),
# LAB_FROM_CHECK=1 (refuse a From that is not the authenticated user's), LAB_GATE=HOST:PORT (the IBCF to
# other domains; TCP), LAB_LISTS=HOST:PORT (the list server, with an address of its own; TCP).
set -eu
here=$(cd "$(dirname "$0")" && pwd)

fail() {
	echo "kamailio.sh: $*" >&2
	exit 1
}

usage() {
	sed -n '5,10s/^#//p' "$0" >&2
	exit 2
}

# htable's table in the format of db_text: one row a user.
write_users() {
	mkdir -p "$dir/db"
	cat >"$dir/db/version" <<-END
		table_name(string) table_version(int)
		users:2
	END
	{
		echo 'key_name(string) key_type(int) value_type(int) key_value(string) expires(int)'
		while read -r name password; do
			case $name in '' | '#'*) continue ;; esac
			case $name$password in *[!A-Za-z0-9._@%+-]*) fail "users: '$name' has an odd character" ;; esac
			printf '%s:0:0:%s:0\n' "$name" "$password"
		done <"$dir/users"
	} >"$dir/db/users.new"
	mv "$dir/db/users.new" "$dir/db/users"
	chmod 600 "$dir/db/users"
}

# A CA and a server certificate that last for the lab's day.
make_certificates() {
	[ -e "$dir/server.pem" ] && return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=mediasec lab CA" \
		-keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$domain" \
		-keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s,IP:%s\n' "$domain" "$address" >"$dir/san.cnf"
	openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 30 \
		-extfile "$dir/san.cnf" -out "$dir/server.pem" 2>/dev/null
}

# As a regular expression that is close enough: brackets and dots stand for any character.
literal() {
	echo "$1" | tr '[]' '..'
}

write_config() {
	defines=
	[ "${LAB_TLS:-0}" = 1 ] && defines="$defines#!define WITH_TLS\\
"
	[ "${LAB_FROM_CHECK:-0}" = 1 ] && defines="$defines#!define WITH_FROM_CHECK\\
"
	[ -n "${LAB_GATE:-}" ] && defines="$defines#!define WITH_GATE\\
"
	[ -n "${LAB_LISTS:-}" ] && defines="$defines#!define WITH_LISTS\\
"
	lists=${LAB_LISTS:-none:0}
	host=$address gate=${LAB_GATE:-none:0}
	case $address in *:*) host="[$address]" ;; esac
	gate_host=$(echo "${gate%:*}" | tr -d '[]')
	sed -e "s|@LISTS@|$lists|g" -e "s|@LISTS_HOST@|${lists%:*}|g" -e "s|@GATE@|$gate|g" -e "s|@GATE_HOST@|$gate_host|g" -e "s|@LISTEN_RE@|$(literal "$host:$port")|g" \
		-e "s|@LISTEN_TLS_RE@|$(literal "$host:$((port + 1))")|g" \
		-e "s|@DEFINES@|$defines|" -e "s|@DIR@|$dir|g" -e "s|@DOMAIN@|$domain|g" \
		-e "s|@LISTEN@|$host:$port|g" -e "s|@LISTEN_TLS@|$host:$((port + 1))|g" \
		"$here/kamailio.cfg.in" >"$dir/kamailio.cfg"
}

running() {
	[ -s "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null
}

start() {
	address=$1 port=$2 domain=${LAB_DOMAIN:-ims.example}
	case $address in 127.* | ::1) ;; *) fail "only 127.0.0.0/8 and ::1, not $address" ;; esac
	[ -r "$dir/users" ] || fail "$dir/users is missing"
	running && fail "already running under $dir"
	command -v kamailio >/dev/null || PATH=$PATH:/usr/sbin
	command -v kamailio >/dev/null || fail "kamailio is not installed"
	write_users
	[ "${LAB_TLS:-0}" = 1 ] && make_certificates
	write_config
	kamailio -c -f "$dir/kamailio.cfg" >"$dir/check.log" 2>&1 || {
		cat "$dir/check.log" >&2
		fail "the configuration does not load"
	}
	kamailio -f "$dir/kamailio.cfg" -DD -E -m 64 -M 8 -w "$dir" -Y "$dir" >"$dir/kamailio.log" 2>&1 &
	echo $! >"$dir/pid"
	tries=0
	until rpc core.version >/dev/null 2>&1; do
		tries=$((tries + 1))
		if ! running || [ "$tries" -gt 500 ]; then
			cat "$dir/kamailio.log" >&2
			stop
			fail "it did not start on $address:$port"
		fi
		sleep 0.1
	done
	echo "kamailio: $domain on $address:$port, log in $dir/kamailio.log"
}

stop() {
	running || return 0
	pid=$(cat "$dir/pid")
	kill "$pid"
	tries=0
	while kill -0 "$pid" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -gt 200 ] && kill -9 "$pid" 2>/dev/null
		sleep 0.1
	done
	rm -f "$dir/pid"
}

rpc() {
	kamcmd_path=$(command -v kamcmd || echo /usr/sbin/kamcmd)
	"$kamcmd_path" -s "unix:$dir/ctl.sock" "$@"
}

[ $# -ge 2 ] || usage
verb=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
shift 2
case $verb:$# in
start:2) start "$1" "$2" ;;
stop:0) stop ;;
forward:2) rpc htable.sets forward "$1" "s:$2" ;;
unforward:1) rpc htable.delete forward "$1" ;;
contacts:0) rpc ul.dump ;;
reload:0) write_users && rpc htable.reload users ;;
*) usage ;;
esac
