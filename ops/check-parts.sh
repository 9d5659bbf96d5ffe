# What ops/check and ops/check-cluster have in common. To be read by them.
# shellcheck shell=bash

name=chat.example.com
port=8443
children=()

give_up() {
    echo "$0: $1" >&2
    exit 1
}

cleanup() {
    [ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
    wait
    rm -rf "$dir"
}

# A folder, a certificate, and loopback addresses of our own, on which ports are free.
make_place() {
    dir=$(mktemp -d)
    trap cleanup EXIT
    net=127.$((RANDOM % 250 + 2)).$((RANDOM % 250 + 2))
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
        -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
}

# Fails, with the logs, unless the command becomes true within ten seconds.
patiently() {
    for _ in {1..100}; do
        ! "$@" || return 0
        sleep 0.1
    done
    tail -n 20 "$dir"/*.log "$dir"/*.out >&2
    give_up "in vain: $*"
}

# Fails unless two words are the same.
same() {
    [ "$2" = "$3" ] || give_up "$proxy: $1: $3, and it should be $2"
}

# Runs Caddy at the address `front` with that certificate and a file that is edited: `run_caddy [SED OPTION]... FILE`
run_caddy() {
    cat >"$dir/Caddyfile" <<-END
	{
	    admin off
	    http_port 8080
	    https_port $port
	    default_bind $front
	}
	END
    sed -e "s|^[^#]*$name.* {|&\n    tls $dir/cert.pem $dir/key.pem|" "$@" >>"$dir/Caddyfile"
    HOME=$dir XDG_DATA_HOME=$dir XDG_CONFIG_HOME=$dir caddy run --adapter caddyfile --config "$dir/Caddyfile" \
        >"$dir/caddy.log" 2>&1 &
}

# Asks through the proxy as one of its clients: `ask NUMBER PATH [OPTION]...`
ask() {
    local client=$net.$((clients + $1)) path=$2
    shift 2
    curl -sS --path-as-is --max-time 10 --interface "$client" --cacert "$dir/cert.pem" \
        --resolve "$name:$port:$front" "$@" "https://$name:$port$path"
}

answers() {
    [ "$(ask 9 /healthz -o "$dir/health" -w '%{http_code}' 2>/dev/null)" = 200 ]
}

# Asks for a socket from a page of this origin, and keeps the connection open: what is written to the pipe `USER.in`
# is sent. Sets `pipe`, its descriptor, and `socket`, the process.
open_socket() {
    local user=$1 origin=$2
    rm -f "$dir/$user.in"
    mkfifo "$dir/$user.in"
    : >"$dir/$user.out"
    openssl s_client -quiet -connect "$front:$port" -servername $name -verify_return_error -verify_hostname $name \
        -CAfile "$dir/cert.pem" <"$dir/$user.in" >"$dir/$user.out" 2>"$dir/$user.log" &
    socket=$!
    children+=($socket)
    exec {pipe}>"$dir/$user.in"
    printf '%s\r\n' "GET /ws/group/lobby/$user HTTP/1.1" "Host: $name:$port" "Origin: $origin" 'Upgrade: websocket' \
        'Connection: Upgrade' 'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' '' >&"$pipe"
}

# Sends a line of at most 125 bytes as a frame of text (RFC 6455, section 5.2), masked with zeros.
say() {
    printf '\x81'"\\x$(printf %x $((128 + ${#2})))"'\0\0\0\0%s' "$2" >&"$1"
}
