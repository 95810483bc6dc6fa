# SPDX-License-Identifier: Apache-2.0
# What runs on the other machine: a POSIX shell reads this from its stdin, then one line of calls
# per trip. Nothing here writes, and no text is handed over by a file ("<<" makes some shells write
# one). M (the mark of this connection) and S (the Engine's socket) stand above this text; M is
# never in anybody's arguments. What a call prints stands between marks; after "m" follows what its
# programs complained about, after "e" how it ended. What a login file exported for its own use,
# options and functions of a shell among it, is put back first.

set +efux
unset -f cat command cut echo find grep head id ls printf readlink sh stat timeout tr xargs auditctl
PATH=${PATH:-/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset POSIXLY_CORRECT POSIX_ME_HARDER QUOTING_STYLE TIME_STYLE BLOCK_SIZE LS_BLOCK_SIZE GREP_OPTIONS
unset CDPATH GLOBIGNORE
unalias -a 2>/dev/null
umask 077
cd /
exec 3>&1

# call ID FUNCTION ARGUMENT... A function has a shell of its own, which "exec" gives to its program.
call() {
	id=$1
	shift
	echo "$M b $id"
	words=$("$@" 2>&1 >&3 3>&- </dev/null)
	status=$?
	echo "$M m $id"
	printf '%s\n' "$words"
	echo "$M e $id $status"
}

# What there is to work with.
hello() {
	for tool in cat cut find grep head ls readlink ss stat timeout tr xargs auditctl docker; do
		command -v "$tool" >/dev/null 2>&1 && echo "has $tool"
	done
	[ -n "$BASH_VERSION" ] && echo 'has bash'
	[ "$(find / -maxdepth 0 -printf x)" = x ] && echo 'has gnu-find'
	grep -qazZHm1 -e '' /proc/version && echo 'has gnu-grep'
	case $(ls --version) in *'GNU coreutils'*) echo 'has gnu-ls' ;; esac
	echo "uid $(id -u)"
	echo "pid $$"
	if [ -S "$S" ]; then
		[ -w "$S" ] && echo 'socket good' || echo 'socket closed'
	elif [ -e "$S" ]; then
		echo 'socket other'
	fi
}

# entries PATH...: what stands at these names, links themselves.
entries() {
	exec find "$@" -maxdepth 0 -printf '%y %m %U %G %s %i %D %T@ %C@\0%p\0%l\0'
}

# aside ID TRIP PATH: what stands at a name where a program may hang, past every signal: it goes on
# alone, and what it finds is written at once, so that nothing else is torn by it.
aside() {
	words=$(exec timeout -s KILL 3 find "$3" -maxdepth 0 -printf '%y %m %U %G %s %i %D %T@ %C@\n%l' \
		2>&1 3>&- </dev/null)
	printf '%s b %s\n%s%s m %s\n%s e %s %s\n%s z %s\n' \
		"$M" "$1" "$words" "$M" "$1" "$M" "$1" "$?" "$M" "$2"
}

plain_entries() {
	exec stat -c '%f %u %g %s %i %d %Y %Z %n' "$@"
}

# files PATH...: what these names lead to, and the content of small files.
files() {
	exec find -L "$@" -maxdepth 0 \( -readable -printf 'r ' -o -printf '- ' \) \
		-printf '%y %s %i %T@ %C@\0%p\0' -type f -readable -size -129 \
		-exec grep -azZHs -D skip -e '' {} +
}

plain_files() {
	exec stat -L -c '%f %u %g %s %i %d %Y %Z %n' "$@"
}

# file PATH BYTES: what is no file is not opened: a pipe would wait for its other end.
file() {
	[ -f "$1" ] || return 77
	exec head -c "$2" "$1"
}

link() {
	exec readlink -nv "$1"
}

# names FOLDER...: who ends find but its reader (141) or its own complaints (1) leaves names out.
names() {
	{
		find -H "$@" -mindepth 1 -maxdepth 1 -print0
		case $? in 0 | 1 | 141) ;; *) echo 'find was ended' >&2 ;; esac
	} | head -c 8000000
}

# lists PATH...: a "+" behind the mode says that there is an access list.
lists() {
	exec ls -ldnLU --quoting-style=c --time-style=+ "$@"
}

# Process table: names and control groups, programs, first words. printf and the pattern are the
# shell's own, so that their number does not matter.
process_texts() {
	set -- /proc/[0-9]*
	{
		printf '%s/stat\0' "$@"
		printf '%s/cgroup\0' "$@"
	} | xargs -0 grep -azZH -D skip -e ''
}

process_links() {
	set -- /proc/[0-9]*
	{
		printf '%s/exe\0' "$@"
		printf '%s/ns/pid\0' "$@"
	} | xargs -0 sh -c 'exec find "$@" -maxdepth 0 -printf "%p\\0%l\\0"' sh
}

# Arguments can hold secrets: only the first word leaves the machine.
process_words() {
	set -- /proc/[0-9]*
	printf '%s/cmdline\0' "$@" | xargs -0 grep -azZHsom1 -e '^[^[:blank:]]*[[:blank:]]\{0,1\}'
}

# For machines whose grep and find print no NUL: each text and link behind a mark of its own, N.
process_each() {
	for folder in /proc/[0-9]*; do
		pid=${folder#/proc/}
		echo "$N $pid stat"
		cat "$folder/stat"
		echo "$N $pid cgroup"
		cat "$folder/cgroup"
		echo "$N $pid ns/pid"
		readlink "$folder/ns/pid"
		if words=$(readlink -v "$folder/exe" 2>&1); then
			echo "$N $pid exe"
			printf '%s\n' "$words"
		else
			echo "$N $pid failed"
			printf '%s\n' "$words"
			case $words in *'No such file'*) continue ;; esac
		fi
		echo "$N $pid cmdline"
		tr '\000\t\n' '   ' <"$folder/cmdline" | cut -d ' ' -f 1
	done
	echo "$N 0 end"
}

# holder INODE FOLDER...: the first of these folders of descriptors that holds a socket.
holder() {
	inode=$1
	shift
	folder=$(find "$@" -maxdepth 1 -lname "socket:\[$inode\]" -printf %h -quit)
	[ -n "$folder" ] && echo "${folder%/fd}" && cat "${folder%/fd}/status"
}

# own_mount: whether an engine made this machine's name: then it is a container.
own_mount() {
	exec grep -F ' /etc/hostname ' /proc/self/mountinfo
}

# listeners: unix sockets that are listened on, with the file that each was bound to.
listeners() {
	exec ss -xlneH
}

audit() {
	exec auditctl "$1"
}

call 0 hello
echo "$M z 0"
