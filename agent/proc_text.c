/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: reads the texts of /proc. Names in them (programs, mount points, socket
 * paths) are chosen by whoever runs on the host, so every reader is bounded and none trusts a
 * separator that a name could contain.
 */
#include "agent/proc_text.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_digit_at(const char *text)
{
	return g_ascii_isdigit(*text);
}

/* Reads a number and moves behind it. */
static bool take_number(const char **text, guint base, uint64_t *ret_number)
{
	const char *start = *text + strspn(*text, " \t");
	char *end = NULL;

	if (base == 16 ? !g_ascii_isxdigit(*start) : !is_digit_at(start))
		return false;
	*ret_number = g_ascii_strtoull(start, &end, base);
	*text = end;
	return true;
}

static const char *skip_words(const char *text, guint n)
{
	for (guint i = 0; i < n; i++) {
		text += strspn(text, " ");
		text += strcspn(text, " \n");
	}
	return text;
}

static bool take_int(const char **text, int64_t *ret_number)
{
	uint64_t number = 0;

	if (!take_number(text, 10, &number) || number > INT64_MAX)
		return false;
	*ret_number = (int64_t)number;
	return true;
}

/* The line that starts with name; NULL: none. */
static const char *find_line(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *feed = strchr(line, '\n');

		if (strncmp(line, name, length) == 0)
			return line + length;
		line = feed == NULL ? NULL : feed + 1;
	}
	return NULL;
}

bool proc_stat_parse(const char *text, struct proc_stat *ret_stat)
{
	enum { FLAGS = 6, START_TIME = 19, PF_KTHREAD = 0x00200000 }; /* counted from the parent */
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	struct proc_stat stat = {0};
	const char *rest = text;
	uint64_t value = 0;

	if (open == NULL || close == NULL || close < open || !take_int(&rest, &stat.pid))
		return false;
	memcpy(stat.comm, open + 1, MIN((size_t)(close - open - 1), (size_t)PROC_COMM_BYTES));
	if (close[1] != ' ' || close[2] == '\0')
		return false;
	rest = close + 3;
	if (!take_int(&rest, &stat.ppid))
		return false;
	for (guint i = 2; i <= START_TIME; i++) {
		rest += strspn(rest, " -");
		if (!take_number(&rest, 10, &value))
			return false;
		if (i == FLAGS)
			stat.is_kernel_thread = (value & PF_KTHREAD) != 0;
	}
	stat.start_ticks = value;
	*ret_stat = stat;
	return true;
}

bool proc_boot_time(const char *text, int64_t *ret_seconds)
{
	const char *line = find_line(text, "btime ");

	return line != NULL && take_int(&line, ret_seconds);
}

bool proc_status_number(const char *text, const char *name, guint n, guint base,
			uint64_t *ret_number)
{
	g_autofree char *start = g_strconcat(name, ":", NULL);
	const char *line = find_line(text, start);
	uint64_t number = 0;

	for (guint i = 0; i <= n; i++) {
		if (line == NULL || !take_number(&line, base, &number))
			return false;
	}
	*ret_number = number;
	return true;
}

static bool take_limit(const char **line, int64_t *ret_limit)
{
	static const char unlimited[] = "unlimited";

	*line += strspn(*line, " ");
	if (!g_str_has_prefix(*line, unlimited))
		return take_int(line, ret_limit);
	*line += sizeof(unlimited) - 1;
	*ret_limit = -1;
	return true;
}

bool proc_limit(const char *text, const char *name, int64_t *ret_soft, int64_t *ret_hard)
{
	const char *line = find_line(text, name);
	int64_t soft = 0;
	int64_t hard = 0;

	if (line == NULL || !take_limit(&line, &soft) || !take_limit(&line, &hard))
		return false;
	*ret_soft = soft;
	*ret_hard = hard;
	return true;
}

int64_t proc_link_inode(const char *target, const char *kind)
{
	size_t length = strlen(kind);
	const char *rest = target;
	int64_t inode = -1;

	if (target == NULL || strncmp(target, kind, length) != 0 || target[length] != ':' ||
	    target[length + 1] != '[')
		return -1;
	rest = target + length + 2;
	return take_int(&rest, &inode) && strcmp(rest, "]") == 0 ? inode : -1;
}

struct id_range {
	int64_t inside, outside, count;
};

/* Reads the next line of an id map; false at its end, or where it is none. */
static bool take_range(const char **map, struct id_range *ret_range)
{
	const char *line = *map;
	const char *feed = line == NULL ? NULL : strchr(line, '\n');

	if (line == NULL || !take_int(&line, &ret_range->inside) ||
	    !take_int(&line, &ret_range->outside) || !take_int(&line, &ret_range->count))
		return false;
	*map = feed == NULL ? NULL : feed + 1;
	return true;
}

bool proc_map_inside(const char *uid_map, int64_t outside, int64_t *ret_inside)
{
	struct id_range range;

	while (take_range(&uid_map, &range)) {
		if (outside < range.outside || outside - range.outside >= range.count)
			continue;
		*ret_inside = range.inside + (outside - range.outside);
		return true;
	}
	return false;
}

bool proc_map_outside(const char *uid_map, int64_t inside, int64_t *ret_outside)
{
	struct id_range range;

	while (take_range(&uid_map, &range)) {
		if (inside < range.inside || inside - range.inside >= range.count)
			continue;
		*ret_outside = range.outside + (inside - range.inside);
		return true;
	}
	return false;
}

void proc_cgroup_ids(const char *text, bool (*each)(const char *id, void *data), void *data)
{
	while (*text != '\0') {
		size_t length = 0;

		while (g_ascii_isalnum(text[length]))
			length++;
		if (length == PROC_CONTAINER_ID_CHARS &&
		    strspn(text, "0123456789abcdef") >= length && !each(text, data))
			return;
		text += MAX(length, (size_t)1);
	}
}

struct id_search {
	const char *id;
	bool found;
};

static bool compare_id(const char *id, void *data)
{
	struct id_search *search = data;

	search->found = strncmp(id, search->id, PROC_CONTAINER_ID_CHARS) == 0;
	return !search->found;
}

bool proc_cgroup_has_id(const char *text, const char *id)
{
	struct id_search search = {.id = id};

	if (text != NULL && id != NULL && strlen(id) == PROC_CONTAINER_ID_CHARS)
		proc_cgroup_ids(text, compare_id, &search);
	return search.found;
}

bool proc_cgroup_has_component(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text != NULL && *text != '\0') {
		size_t component = strcspn(text, "/\n:");

		if (component == length && strncmp(text, name, length) == 0)
			return true;
		text += component + (text[component] == '\0' ? 0 : 1);
	}
	return false;
}

/* Undoes \040 and the like. gives: g_free(). */
static char *unescape_octal(const char *text, size_t length)
{
	char *plain = g_malloc0(length + 1);
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		bool is_escape = text[i] == '\\' && i + 3 < length && text[i + 1] >= '0' &&
				 text[i + 1] <= '3' && text[i + 2] >= '0' && text[i + 2] <= '7' &&
				 text[i + 3] >= '0' && text[i + 3] <= '7';
		if (!is_escape) {
			plain[used++] = text[i];
			continue;
		}
		plain[used++] = (char)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
				       (text[i + 3] - '0'));
		i += 3;
	}
	return plain;
}

/* Takes a word that ends at a blank. gives: g_free(); NULL: none left. */
static char *take_word(const char **line)
{
	const char *start = *line + strspn(*line, " ");
	size_t length = strcspn(start, " ");

	*line = start + length;
	return length == 0 ? NULL : unescape_octal(start, length);
}

bool proc_mount_parse(const char *line, struct proc_mount *ret_mount)
{
	struct proc_mount mount = {0};
	const char *rest = line;
	const char *separator = strstr(line, " - ");
	bool is_good = separator != NULL && take_int(&rest, &mount.id) &&
		       take_int(&rest, &mount.parent) && take_int(&rest, &mount.dev_major) &&
		       *rest == ':';

	if (is_good) {
		rest++;
		is_good = take_int(&rest, &mount.dev_minor);
	}
	if (is_good) {
		mount.root = take_word(&rest);
		mount.mount_point = take_word(&rest);
		rest = separator + strlen(" - ");
		mount.fs_type = take_word(&rest);
		is_good = mount.root != NULL && mount.mount_point != NULL && mount.fs_type != NULL;
	}
	if (!is_good) {
		proc_mount_done(&mount);
		return false;
	}
	*ret_mount = mount;
	return true;
}

void proc_mount_done(struct proc_mount *mount)
{
	g_clear_pointer(&mount->mount_point, g_free);
	g_clear_pointer(&mount->fs_type, g_free);
	g_clear_pointer(&mount->root, g_free);
}

/* An address of /proc/net/tcp: words of 8 hex digits, each in the machine's byte order. */
static bool take_address(const char **line, guint n_words, struct proc_socket *socket)
{
	uint32_t words[4] = {0};
	const char *rest = *line;

	for (guint i = 0; i < n_words; i++) {
		char word[9] = {0};

		for (guint k = 0; k < 8; k++) {
			if (!g_ascii_isxdigit(rest[k]))
				return false;
			word[k] = rest[k];
		}
		words[i] = (uint32_t)g_ascii_strtoull(word, NULL, 16);
		rest += 8;
	}
	*line = rest;
	return inet_ntop(n_words == 1 ? AF_INET : AF_INET6, words, socket->address,
			 sizeof(socket->address)) != NULL;
}

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 ..." */
static bool take_socket(const char *line, bool is_v6, struct proc_socket *ret_socket)
{
	enum { WORDS_BETWEEN = 5 }; /* queues, timer, retransmits, uid, time-out */
	const char *rest = strchr(line, ':');
	uint64_t value = 0;

	*ret_socket = (struct proc_socket){0};
	if (rest == NULL)
		return false;
	rest += 1 + strspn(rest + 1, " ");
	if (!take_address(&rest, is_v6 ? 4 : 1, ret_socket) || *rest++ != ':' ||
	    !take_number(&rest, 16, &value))
		return false;
	ret_socket->port = (int64_t)(value & 0xFFFF);
	rest += strspn(rest, " ");
	rest += strcspn(rest, " "); /* remote address */
	if (!take_number(&rest, 16, &value))
		return false;
	ret_socket->state = (guint)(value & 0xFF);
	rest = skip_words(rest, WORDS_BETWEEN);
	return take_number(&rest, 10, &ret_socket->inode);
}

void proc_net_each(const char *text, bool is_v6,
		   void (*each)(const struct proc_socket *socket, void *data), void *data)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
		struct proc_socket socket;

		if (take_socket(lines[i], is_v6, &socket))
			each(&socket, data);
	}
}

/* "ffff...: 00000002 00000000 00010000 0001 01 12345 /run/docker.sock"; the path may hold blanks.
 */
static char *take_unix_listener(const char *line, const char *end, uint64_t *ret_inode)
{
	enum { FLAG_LISTENS = 0x00010000 };
	const char *rest = memchr(line, ':', (size_t)(end - line));
	uint64_t flags = 0;

	if (rest == NULL)
		return NULL;
	rest = skip_words(rest + 1, 2);
	if (!take_number(&rest, 16, &flags) || (flags & FLAG_LISTENS) == 0)
		return NULL;
	rest = skip_words(rest, 2);
	if (!take_number(&rest, 10, ret_inode) || *rest != ' ')
		return NULL;
	return g_strndup(rest + 1, (gsize)(end - rest - 1));
}

void proc_unix_each(const char *text, void (*each)(const char *path, uint64_t inode, void *data),
		    void *data)
{
	const char *end = NULL;

	for (const char *line = text; *line != '\0'; line = *end == '\0' ? end : end + 1) {
		uint64_t inode = 0;
		g_autofree char *path = NULL;

		end = strchrnul(line, '\n');
		path = take_unix_listener(line, end, &inode);
		if (path != NULL)
			each(path, inode, data);
	}
}

struct unix_search {
	const char *path;
	uint64_t inode;
};

static void take_first(const char *path, uint64_t inode, void *data)
{
	struct unix_search *search = data;

	if (search->inode == 0 && strcmp(path, search->path) == 0)
		search->inode = inode;
}

uint64_t proc_unix_listener(const char *text, const char *path)
{
	struct unix_search search = {.path = path};

	proc_unix_each(text, take_first, &search);
	return search.inode;
}

char *proc_base_name(const char *path)
{
	static const char deleted[] = " (deleted)";
	const char *slash = strrchr(path, '/');
	char *name = g_strdup(slash == NULL ? path : slash + 1);

	if (g_str_has_suffix(name, deleted))
		name[strlen(name) - (sizeof(deleted) - 1)] = '\0';
	return name;
}

static bool take_id(const char *id, void *data)
{
	char **found = data;

	*found = g_strndup(id, PROC_CONTAINER_ID_CHARS);
	return false;
}

char *proc_mounts_container(const char *mountinfo)
{
	g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", -1);
	char *id = NULL;

	for (guint i = 0; lines[i] != NULL && id == NULL; i++) {
		struct proc_mount mount = {0};

		if (!proc_mount_parse(lines[i], &mount))
			continue;
		if (strcmp(mount.mount_point, "/etc/hostname") == 0)
			proc_cgroup_ids(mount.root, take_id, &id);
		proc_mount_done(&mount);
	}
	return id;
}
