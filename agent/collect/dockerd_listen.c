/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: on what a dockerd listens: its descriptors' socket inodes joined with the
 * sockets of its network namespace. Sockets that it opened inside a container's namespace have
 * inodes that are not in that table, rightly.
 */
#include "agent/collect/dockerd_listen.h"

#include <string.h>

#include "agent/proc_text.h"

enum { MAX_DESCRIPTORS = 65536, TCP_LISTENING = 0x0A, UDP_UNCONNECTED = 0x07 };

static const struct {
	const char *proto;
	bool is_v6;
	guint state; /* that means "listens" */
} tables[] = {
	{"tcp", false, TCP_LISTENING},
	{"tcp6", true, TCP_LISTENING},
	{"udp", false, UDP_UNCONNECTED},
	{"udp6", true, UDP_UNCONNECTED},
};

void descriptors_want(struct survey *survey, const char *proc_folder,
		      struct descriptors *ret_descriptors)
{
	g_autofree char *folder = g_build_filename(proc_folder, "fd", NULL);

	ret_descriptors->list = host_want_list(survey->batch, folder, MAX_DESCRIPTORS);
}

void descriptors_want_links(struct survey *survey, struct descriptors *descriptors)
{
	const struct host_list *list = descriptors->list;

	descriptors->links = g_ptr_array_new();
	for (guint i = 0; i < list->n_names; i++) {
		g_autofree char *path = g_build_filename(list->path, list->names[i], NULL);
		const struct host_link *link = host_want_link(survey->batch, path);

		g_ptr_array_add(descriptors->links, (gpointer)(uintptr_t)link);
	}
}

void descriptors_done(struct descriptors *descriptors)
{
	g_clear_pointer(&descriptors->links, g_ptr_array_unref);
}

static bool are_seen(const struct descriptors *descriptors)
{
	return descriptors->links != NULL &&
	       descriptors->list->state.status == PLIMSOLL__FETCH__STATUS__OK;
}

static bool holds_inode(const struct descriptors *descriptors, uint64_t inode)
{
	for (guint i = 0; descriptors->links != NULL && i < descriptors->links->len; i++) {
		const struct host_link *link = descriptors->links->pdata[i];

		if (proc_link_inode(link->target, "socket") == (int64_t)inode)
			return true;
	}
	return false;
}

void dockerd_sockets_want(struct survey *survey, const char *proc_folder,
			  struct dockerd_sockets *ret_sockets)
{
	g_autofree char *unix_table = g_build_filename(proc_folder, "net/unix", NULL);

	descriptors_want(survey, proc_folder, &ret_sockets->fds);
	ret_sockets->unix_table = host_want_read(survey->batch, unix_table, LIMIT_PROC_FILE_BYTES);
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *path = g_build_filename(proc_folder, "net", tables[i].proto, NULL);

		ret_sockets->tables[i] = host_want_read(survey->batch, path, LIMIT_PROC_FILE_BYTES);
	}
}

const struct host_read *dockerd_sockets_table(const struct dockerd_sockets *sockets,
					      const char *proto)
{
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		if (strcmp(tables[i].proto, proto) == 0)
			return sockets->tables[i];
	}
	g_assert_not_reached();
}

bool dockerd_sockets_hold(const struct dockerd_sockets *sockets, const char *path)
{
	uint64_t inode = proc_unix_listener(sockets->unix_table->data, path);

	return inode != 0 && holds_inode(&sockets->fds, inode);
}

struct joining {
	const struct survey *survey;
	const struct dockerd_sockets *sockets;
	guint table;
	GPtrArray *listens;
};

static bool is_loopback(const char *address)
{
	return g_str_has_prefix(address, "127.") || strcmp(address, "::1") == 0 ||
	       g_str_has_prefix(address, "::ffff:127.");
}

static void add_socket(const struct proc_socket *socket, void *data)
{
	const struct joining *joining = data;
	Plimsoll__Listen *listen = NULL;

	if (socket->state != tables[joining->table].state ||
	    joining->listens->len >= LIMIT_LIST_MEMBERS ||
	    !holds_inode(&joining->sockets->fds, socket->inode))
		return;
	listen = survey_message(joining->survey, &plimsoll__listen__descriptor);
	listen->proto = survey_text(joining->survey, tables[joining->table].proto);
	listen->addr = survey_text(joining->survey, socket->address);
	WIRE_SET(listen, port, socket->port);
	WIRE_SET(listen, local, is_loopback(socket->address));
	g_ptr_array_add(joining->listens, listen);
}

static gint compare_listens(gconstpointer a, gconstpointer b)
{
	const Plimsoll__Listen *left = *(const Plimsoll__Listen *const *)a;
	const Plimsoll__Listen *right = *(const Plimsoll__Listen *const *)b;
	int order = strcmp(left->proto, right->proto);

	if (order == 0)
		order = strcmp(left->addr, right->addr);
	if (order != 0)
		return order;
	return left->port < right->port ? -1 : left->port > right->port;
}

void dockerd_sockets_set(const struct survey *survey, const struct dockerd_sockets *sockets,
			 Plimsoll__Dockerd *fact)
{
	g_autoptr(GPtrArray) listens = g_ptr_array_new();
	struct joining joining = {.survey = survey, .sockets = sockets, .listens = listens};
	bool is_seen = sockets->fds.list->state.status == PLIMSOLL__FETCH__STATUS__OK;

	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		const struct host_read *read = sockets->tables[i];
		bool is_absent = read->state.status == PLIMSOLL__FETCH__STATUS__ABSENT;

		/* A kernel without IPv6 has no tcp6. */
		is_seen = is_seen && (read->state.status == PLIMSOLL__FETCH__STATUS__OK ||
				      (is_absent && tables[i].is_v6));
		joining.table = i;
		proc_net_each(read->data, tables[i].is_v6, add_socket, &joining);
	}
	WIRE_SET(fact, listen_seen, is_seen);
	if (!is_seen)
		return;
	g_ptr_array_sort(listens, compare_listens);
	fact->listen = survey_list(survey, listens, &fact->n_listen);
}

/* ---- sockets that systemd handed on ---- */

struct activated {
	const struct dockerd_sockets *sockets;
	const struct descriptors *init;
	guint table;
	GPtrArray *found; /* char* */
};

static void add_activated(const struct activated *activated, char *text, uint64_t inode)
{
	if (inode != 0 && activated->found->len < LIMIT_LIST_MEMBERS &&
	    holds_inode(activated->init, inode) && holds_inode(&activated->sockets->fds, inode))
		g_ptr_array_add(activated->found, text);
	else
		g_free(text);
}

static void add_activated_path(const char *path, uint64_t inode, void *data)
{
	add_activated(data, g_strdup(path), inode);
}

static void add_activated_socket(const struct proc_socket *socket, void *data)
{
	const struct activated *activated = data;
	bool is_v6 = tables[activated->table].is_v6;

	if (socket->state == TCP_LISTENING)
		add_activated(activated,
			      g_strdup_printf("%s%s%s:%" G_GINT64_FORMAT, is_v6 ? "[" : "",
					      socket->address, is_v6 ? "]" : "", socket->port),
			      socket->inode);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *dockerd_sockets_activated(const struct dockerd_sockets *sockets,
				     const struct descriptors *init)
{
	struct activated activated = {.sockets = sockets, .init = init};
	bool is_seen = are_seen(init) && are_seen(&sockets->fds) &&
		       sockets->unix_table->state.status == PLIMSOLL__FETCH__STATUS__OK;

	if (!is_seen)
		return NULL;
	activated.found = g_ptr_array_new_with_free_func(g_free);
	proc_unix_each(sockets->unix_table->data, add_activated_path, &activated);
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		activated.table = i;
		if (g_str_has_prefix(tables[i].proto, "tcp"))
			proc_net_each(sockets->tables[i]->data, tables[i].is_v6,
				      add_activated_socket, &activated);
	}
	g_ptr_array_sort(activated.found, compare_texts);
	return activated.found;
}
