/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: the host itself (FACTS 1 and 4.5). Listening ports of the host are kept below
 * the range of ephemeral ports only: the others come and go.
 */
#include "agent/collect/hostinfo.h"

#include <string.h>

#include "agent/collect/dockerd.h"
#include "agent/proc_text.h"

enum { SHORT_FILE_BYTES = 4096, TCP_LISTENING = 0x0A };

/* Distinguishes the identity from other programs' hashes of the same machine-id; no secret. */
static const char product_key[] = "plimsoll host id 1";

static const char *const namespace_kinds[] = {"net", "pid", "ipc", "uts", "user", "mnt"};

struct hostinfo_survey {
	const struct host_self *self;
	const struct host_read *os_release, *usr_os_release, *machine_id, *boot_id, *hostname;
	const struct host_read *lsm, *lockdown, *apparmor, *selinux_enforce, *port_range;
	const struct host_read *tcp, *tcp6;
	const struct host_stat *module_dir, *selinuxfs, *security_dir;
	struct namespace_links init;
};

void namespaces_want(struct survey *survey, const char *pid, struct namespace_links *ret_links)
{
	for (guint i = 0; i < G_N_ELEMENTS(namespace_kinds); i++) {
		g_autofree char *path =
			g_build_filename("/proc", pid, "ns", namespace_kinds[i], NULL);

		ret_links->links[i] = host_want_link(survey->batch, path);
	}
}

Plimsoll__Namespaces *namespaces_read(const struct survey *survey,
				      const struct namespace_links *links)
{
	Plimsoll__Namespaces *ns = survey_message(survey, &plimsoll__namespaces__descriptor);
	const struct {
		protobuf_c_boolean *has;
		int64_t *inode;
	} places[] = {
		{&ns->has_net, &ns->net}, {&ns->has_pid, &ns->pid},   {&ns->has_ipc, &ns->ipc},
		{&ns->has_uts, &ns->uts}, {&ns->has_user, &ns->user}, {&ns->has_mnt, &ns->mnt},
	};
	bool seen = false;

	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		int64_t inode = proc_link_inode(links->links[i]->target, namespace_kinds[i]);

		if (inode < 0)
			continue;
		*places[i].has = true;
		*places[i].inode = inode;
		seen = true;
	}
	return seen ? ns : NULL;
}

static void want(struct survey *survey)
{
	struct hostinfo_survey *info = g_new0(struct hostinfo_survey, 1);
	struct host_batch *batch = survey->batch;
	const struct {
		const struct host_read **read;
		const char *path;
		size_t max_bytes;
	} reads[] = {
		{&info->os_release, "/etc/os-release", LIMIT_FILE_BYTES},
		{&info->usr_os_release, "/usr/lib/os-release", LIMIT_FILE_BYTES},
		{&info->machine_id, "/etc/machine-id", SHORT_FILE_BYTES},
		{&info->boot_id, "/proc/sys/kernel/random/boot_id", SHORT_FILE_BYTES},
		{&info->hostname, "/etc/hostname", SHORT_FILE_BYTES},
		{&info->lsm, "/sys/kernel/security/lsm", SHORT_FILE_BYTES},
		{&info->lockdown, "/sys/kernel/security/lockdown", SHORT_FILE_BYTES},
		{&info->apparmor, "/sys/module/apparmor/parameters/enabled", SHORT_FILE_BYTES},
		{&info->selinux_enforce, "/sys/fs/selinux/enforce", SHORT_FILE_BYTES},
		{&info->port_range, "/proc/sys/net/ipv4/ip_local_port_range", SHORT_FILE_BYTES},
	};

	for (guint i = 0; i < G_N_ELEMENTS(reads); i++)
		*reads[i].read = host_want_read(batch, reads[i].path, reads[i].max_bytes);
	info->self = host_want_self(batch);
	info->module_dir = host_want_stat(batch, "/sys/module");
	info->selinuxfs = host_want_stat(batch, "/sys/fs/selinux/enforce");
	info->security_dir = host_want_stat(batch, "/sys/kernel");
	namespaces_want(survey, "1", &info->init);
	survey->hostinfo = info;
}

/* The kernel walks all connections for such a table, so one that was read already is not read
 * again. */
static void want_tables(struct survey *survey)
{
	struct hostinfo_survey *info = survey->hostinfo;

	info->tcp = dockerd_init_table(survey, "tcp");
	info->tcp6 = dockerd_init_table(survey, "tcp6");
	if (info->tcp == NULL)
		info->tcp = host_want_read(survey->batch, "/proc/1/net/tcp", LIMIT_PROC_FILE_BYTES);
	if (info->tcp6 == NULL)
		info->tcp6 =
			host_want_read(survey->batch, "/proc/1/net/tcp6", LIMIT_PROC_FILE_BYTES);
}

const struct host_self *hostinfo_self(const struct survey *survey)
{
	return survey->hostinfo->self;
}

int64_t namespaces_inode(const struct namespace_links *links, const char *kind)
{
	for (guint i = 0; i < G_N_ELEMENTS(namespace_kinds); i++) {
		if (strcmp(namespace_kinds[i], kind) == 0)
			return proc_link_inode(links->links[i]->target, kind);
	}
	return -1;
}

int64_t hostinfo_init_namespace(const struct survey *survey, const char *kind)
{
	return namespaces_inode(&survey->hostinfo->init, kind);
}

static bool is_ok(const struct host_state *state)
{
	return state->status == PLIMSOLL__FETCH__STATUS__OK;
}

static bool is_absent(const struct host_state *state)
{
	return state->status == PLIMSOLL__FETCH__STATUS__ABSENT;
}

/* The first line, stripped. NULL: not read, or empty. gives: g_free(). */
static char *first_line(const struct host_read *read)
{
	char *line = NULL;

	if (!is_ok(&read->state))
		return NULL;
	line = g_strstrip(g_strndup(read->data, strcspn(read->data, "\n")));
	if (line[0] == '\0')
		g_clear_pointer(&line, g_free);
	return line;
}

bool hostinfo_has_apparmor(const struct survey *survey)
{
	g_autofree char *enabled = first_line(survey->hostinfo->apparmor);

	return enabled != NULL && enabled[0] == 'Y';
}

/* A value of os-release(5); quotes are dropped. gives: g_free(). */
static char *os_release_value(const char *text, const char *name)
{
	g_autofree char *start = g_strconcat(name, "=", NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		char *value = lines[i] + strlen(start);
		size_t length = 0;

		if (!g_str_has_prefix(lines[i], start))
			continue;
		length = strlen(g_strchomp(value));
		if (length >= 2 && (value[0] == '"' || value[0] == '\'') &&
		    value[length - 1] == value[0])
			return g_strndup(value + 1, length - 2);
		return g_strdup(value);
	}
	return NULL;
}

static void set_os(const struct survey *survey, Plimsoll__Host *host)
{
	const struct hostinfo_survey *info = survey->hostinfo;
	const char *text = is_ok(&info->os_release->state) ? info->os_release->data
							   : info->usr_os_release->data;
	g_autofree char *id = os_release_value(text, "ID");
	g_autofree char *version = os_release_value(text, "VERSION_ID");

	host->os_id = survey_text(survey, id);
	host->os_version = survey_text(survey, version);
	host->kernel = survey_text(survey, info->self->kernel);
}

/* "none [integrity] confidentiality": the one in brackets holds. gives: g_free(). */
static char *chosen_word(const char *line)
{
	const char *open = line == NULL ? NULL : strchr(line, '[');

	return open == NULL ? g_strdup(line) : g_strndup(open + 1, strcspn(open + 1, "]"));
}

/* Absent files say "off" only where the folder around them was seen. */
static void set_security_modules(const struct survey *survey, Plimsoll__Host *host)
{
	const struct hostinfo_survey *info = survey->hostinfo;
	g_autofree char *lsm = first_line(info->lsm);
	g_autofree char *modes = first_line(info->lockdown);
	g_autofree char *lockdown = chosen_word(modes);
	g_autofree char *enforce = first_line(info->selinux_enforce);

	host->lsm_list = survey_text(survey, lsm);
	host->lockdown = survey_text(survey, lockdown);
	if (is_ok(&info->apparmor->state))
		WIRE_SET(host, apparmor_enabled, hostinfo_has_apparmor(survey));
	else if (is_absent(&info->apparmor->state) && is_ok(&info->module_dir->state))
		WIRE_SET(host, apparmor_enabled, false);
	if (is_ok(&info->selinuxfs->state))
		WIRE_SET(host, selinuxfs, true);
	else if (is_absent(&info->selinuxfs->state) && is_ok(&info->security_dir->state))
		WIRE_SET(host, selinuxfs, false);
	if (enforce != NULL)
		WIRE_SET(host, selinux_enforce, g_ascii_strtoll(enforce, NULL, 10));
}

struct listeners {
	const struct survey *survey;
	GPtrArray *list; /* Plimsoll__HostListen* */
	int64_t below;   /* first ephemeral port */
};

static void add_listener(const struct proc_socket *socket, void *data)
{
	const struct listeners *listeners = data;
	Plimsoll__HostListen *listen = NULL;

	if (socket->state != TCP_LISTENING || socket->port >= listeners->below ||
	    listeners->list->len >= LIMIT_LIST_MEMBERS)
		return;
	listen = survey_message(listeners->survey, &plimsoll__host_listen__descriptor);
	listen->addr = survey_text(listeners->survey, socket->address);
	WIRE_SET(listen, port, socket->port);
	g_ptr_array_add(listeners->list, listen);
}

static gint compare_listeners(gconstpointer a, gconstpointer b)
{
	const Plimsoll__HostListen *left = *(const Plimsoll__HostListen *const *)a;
	const Plimsoll__HostListen *right = *(const Plimsoll__HostListen *const *)b;
	int order = strcmp(left->addr, right->addr);

	if (order != 0)
		return order;
	return left->port < right->port ? -1 : left->port > right->port;
}

static void set_listeners(const struct survey *survey, Plimsoll__Host *host)
{
	enum { USUAL_FIRST_EPHEMERAL = 32768 };
	const struct hostinfo_survey *info = survey->hostinfo;
	g_autofree char *range = first_line(info->port_range);
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct listeners listeners = {
		.survey = survey,
		.list = list,
		.below = range == NULL ? USUAL_FIRST_EPHEMERAL : g_ascii_strtoll(range, NULL, 10),
	};

	/* A kernel without IPv6 has no tcp6. */
	if (!is_ok(&info->tcp->state) ||
	    (!is_ok(&info->tcp6->state) && !is_absent(&info->tcp6->state)))
		return;
	proc_net_each(info->tcp->data, false, add_listener, &listeners);
	proc_net_each(info->tcp6->data, true, add_listener, &listeners);
	g_ptr_array_sort(list, compare_listeners);
	for (guint i = 1; i < list->len;) { /* a port may have several sockets (SO_REUSEPORT) */
		if (compare_listeners(&list->pdata[i - 1], &list->pdata[i]) == 0)
			g_ptr_array_remove_index(list, i);
		else
			i++;
	}
	WIRE_SET(host, listen_seen, true);
	host->listen = survey_list(survey, list, &host->n_listen);
}

static void set_host_id(const struct survey *survey, Plimsoll__Snapshot *snapshot)
{
	g_autofree char *machine_id = first_line(survey->hostinfo->machine_id);
	g_autofree char *hex = NULL;

	if (machine_id == NULL)
		return;
	hex = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)product_key,
					strlen(product_key), machine_id, -1);
	snapshot->host_id = survey_text(survey, hex);
}

static void set_snapshot(const struct survey *survey, Plimsoll__Snapshot *snapshot)
{
	const struct hostinfo_survey *info = survey->hostinfo;
	const struct host_self *self = info->self;
	g_autofree char *boot_id = first_line(info->boot_id);
	g_autofree char *name_in_tree = first_line(info->hostname);

	set_host_id(survey, snapshot);
	snapshot->boot_id = survey_text(survey, boot_id);
	snapshot->hostname =
		survey_text(survey, self->hostname != NULL ? self->hostname : name_in_tree);
	snapshot->endpoint = survey_text(survey, survey->host->endpoint);
	if (self->uid >= 0)
		WIRE_SET(snapshot, agent_uid, self->uid);
	if (self->caps >= 0)
		WIRE_SET(snapshot, agent_caps, self->caps);
	if (self->has_userns)
		WIRE_SET(snapshot, agent_in_userns, self->in_userns);
}

static void finish(struct survey *survey)
{
	const struct hostinfo_survey *info = survey->hostinfo;
	Plimsoll__Host *host = survey->facts->host;

	set_os(survey, host);
	set_security_modules(survey, host);
	set_listeners(survey, host);
	host->pid1_ns = namespaces_read(survey, &info->init);
	set_snapshot(survey, survey->facts->snapshot);
	survey_fetch(survey, "file:/etc/machine-id", "host", &info->machine_id->state);
	survey_fetch(survey, "file:/proc/1/ns", "host", &info->init.links[0]->state);
	survey_fetch(survey, "file:/proc/1/net/tcp", "host", &info->tcp->state);
	survey_fetch(survey, "file:/sys/module/apparmor/parameters/enabled", "host",
		     &info->apparmor->state);
}

static void done(struct survey *survey)
{
	g_free(survey->hostinfo);
}

const struct collector hostinfo_collector = {
	.name = "host",
	.want = {want, NULL, want_tables},
	.finish = finish,
	.done = done,
};
