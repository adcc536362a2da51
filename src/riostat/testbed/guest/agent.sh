#!/bin/sh
# The agent for guests without Python: agent.sh virtio:NAME
#
# It speaks what riostat.testbed.guest.conversation says, on the virtio ports NAME and NAME.1, ...
# Each port runs one command at a time. A shell cannot tell an exit status above 128 from a signal,
# and takes it for one up to 192; what is left in the background may hold up an answer for a second.

groups=/sys/fs/cgroup
work=/run/riostat-agent

# field NAME: the value of a member of the message in $line, which is flat
field() {
    case $line in
    *"\"$1\":"*)
        value=${line#*\"$1\":}
        value=${value#\"}
        value=${value%%[\",\}]*}
        ;;
    *) value= ;;
    esac
}

tell() {
    base64 -w 65536 "$dir/$1" | sed "s/.*/{\"id\":$id,\"$1\":\"&\"}/"
}

# The command $text with $dir/in as its input; what came of it goes to the port, descriptor 3.
execute() {
    for output in out err; do
        mkfifo "$dir/$output.pipe"
        { exec 5<"$dir/$output.pipe"; keep "$output"; } &
        eval "$output=\$!"
    done
    setsid sh -c 'echo 0 2>/dev/null >"$1/cgroup.procs"; exec sh -c "$2"' \
        agent "$group" "$text" <"$dir/in" >"$dir/out.pipe" 2>"$dir/err.pipe" 3>&- &
    child=$!
    {
        sleep $((timeout_ms / 1000))
        usleep $((timeout_ms % 1000 * 1000))
        : >"$dir/late"
        end_group
    } 3>&- &
    watch=$!
    wait $child
    status=$?
    kill $watch 2>/dev/null
    tries=0
    while kill -0 $out 2>/dev/null || kill -0 $err 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -gt 100 ] && break
        usleep 10000
    done
    kill -9 $out $err 2>/dev/null
    [ $status -gt 128 ] && [ $status -le 192 ] && status=$((128 - status))
    late=0
    [ -e "$dir/late" ] && late=1
    rm -f "$dir/running"
    {
        tell out
        tell err
        echo "{\"id\":$id,\"exit\":$status,\"cut_out\":$(cut_of out),\"cut_err\":$(cut_of err),\"timed_out\":$late}"
    } >&3
    rm -rf "$dir"
    rmdir "$group" 2>/dev/null
}

# keep OUTPUT: the first $limit bytes of descriptor 5, and how many more there were
keep() {
    {
        [ "$limit" -ge 65536 ] && dd bs=65536 count=$((limit / 65536)) iflag=fullblock 2>/dev/null
        [ $((limit % 65536)) -gt 0 ] && dd bs=$((limit % 65536)) count=1 iflag=fullblock 2>/dev/null
        :
    } <&5 >"$dir/$1"
    wc -c <&5 >"$dir/$1.cut"
}

cut_of() {
    cat "$dir/$1.cut" 2>/dev/null | grep . || echo 0
}

end_group() {
    echo 1 2>/dev/null >"$group/cgroup.kill"
    [ -n "$child" ] && kill -9 -"$child" 2>/dev/null
}

# End what was begun before: its answer would be nobody's.
reset() {
    if [ -n "$job" ]; then
        [ -e "$dir/running" ] && kill -9 "$job" 2>/dev/null
        [ -e "$dir/running" ] && end_group
        wait "$job" 2>/dev/null
        rm -rf "$dir"
    fi
    job=
    id=
}

hear() {
    case $line in
    *'"hello":'*)
        reset
        field time_ns
        [ -n "$value" ] && date -s "@$((value / 1000000000))" >/dev/null 2>&1
        field entropy
        [ -n "$value" ] && echo "$value" | base64 -d >/dev/urandom
        field hello
        printf '\n{"hello":"%s","agent":"sh","version":1}\n' "$value" >&3
        ;;
    *'"run":'*)
        field id
        id=$value
        count=$((count + 1))
        dir=$work/$port-$count
        group=$groups/command-$port-$count
        mkdir -p "$dir" "$group" 2>/dev/null
        : >"$dir/in"
        field run
        text=$(echo "$value" | base64 -d)
        field timeout_ms
        timeout_ms=$value
        field limit
        limit=$value
        ;;
    *'"data":'*)
        [ -n "$id" ] || return
        field data
        echo "$value" | base64 -d >>"$dir/in"
        ;;
    *'"end":'*)
        [ -n "$id" ] || return
        : >"$dir/running"
        child=
        execute &
        job=$!
        ;;
    esac
}

serve() {
    port=${1##*/}
    job= id= count=0
    exec 3<>"$1"
    while :; do
        while IFS= read -r line; do
            hear
        done <&3
        # Nobody holds the other end.
        [ -n "$job" ] && reset
        usleep 20000
    done
}

# ports NAME: the devices of the ports NAME.1, ..., and NAME, which comes last
ports() {
    last=
    for place in /sys/class/virtio-ports/*; do
        read -r name <"$place/name"
        case $name in
        "$1") last=/dev/${place##*/} ;;
        "$1".*) echo "/dev/${place##*/}" ;;
        esac
    done 2>/dev/null
    echo "$last"
}

name=${1#virtio:}
tries=0
until grep -qx "$name" /sys/class/virtio-ports/*/name 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries -gt 500 ]; then
        echo "riostat: no virtio port is named $name"
        exit 1
    fi
    usleep 20000
done
set -- $(ports "$name")
while [ $# -gt 1 ]; do
    serve "$1" &
    shift
done
serve "$1"
