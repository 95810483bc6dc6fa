/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a machine, as a target. Variables that change where a connection goes, or who
 * signs in, are obeyed or are a trouble; all others have nothing to do with a scan. Values of
 * passwords are not even kept.
 */
#include <string.h>

#include "server/inventory/inventory_private.h"

enum kind {
	KIND_HOST,
	KIND_USER,
	KIND_PORT,
	KIND_KEY,
	KIND_BECOME,
	KIND_BECOME_METHOD,
	KIND_BECOME_USER,
	KIND_CONNECTION,
	KIND_ARGUMENTS,
	KIND_PASSWORD,
	KIND_BECOME_PASSWORD,
	KIND_COUNT,
};

/* Earlier rows of a kind count before later ones. */
static const struct {
	const char *name;
	enum kind kind;
} known[] = {
	{"ansible_host", KIND_HOST},
	{"ansible_ssh_host", KIND_HOST},
	{"ansible_user", KIND_USER},
	{"ansible_ssh_user", KIND_USER},
	{"ansible_port", KIND_PORT},
	{"ansible_ssh_port", KIND_PORT},
	{"ansible_ssh_private_key_file", KIND_KEY},
	{"ansible_private_key_file", KIND_KEY},
	{"ansible_become", KIND_BECOME},
	{"ansible_sudo", KIND_BECOME},
	{"ansible_become_method", KIND_BECOME_METHOD},
	{"ansible_become_user", KIND_BECOME_USER},
	{"ansible_connection", KIND_CONNECTION},
	{"ansible_ssh_common_args", KIND_ARGUMENTS},
	{"ansible_ssh_extra_args", KIND_ARGUMENTS},
	{"ansible_ssh_args", KIND_ARGUMENTS},
	{"ansible_ssh_executable", KIND_ARGUMENTS},
	{"ansible_paramiko_proxy_command", KIND_ARGUMENTS},
	{"ansible_password", KIND_PASSWORD},
	{"ansible_ssh_pass", KIND_PASSWORD},
	{"ansible_ssh_password", KIND_PASSWORD},
	{"ansible_ssh_private_key", KIND_PASSWORD},
	{"ansible_private_key", KIND_PASSWORD},
	{"ansible_become_password", KIND_BECOME_PASSWORD},
	{"ansible_become_pass", KIND_BECOME_PASSWORD},
	{"ansible_sudo_pass", KIND_BECOME_PASSWORD},
};

void inventory_set(GHashTable *vars, const char *name, const char *value)
{
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		const bool is_secret =
			known[i].kind == KIND_PASSWORD || known[i].kind == KIND_BECOME_PASSWORD;

		if (strcmp(name, known[i].name) != 0)
			continue;
		g_hash_table_replace(vars, g_strdup(name),
				     g_strdup(!is_secret         ? value
					      : value[0] != '\0' ? "set"
								 : ""));
	}
}

/* --- what counts --- */

/* One machine's settings, by kind; NULL and "": none. */
struct settings {
	const char *values[KIND_COUNT];
	const char *names[KIND_COUNT];
};

static void take_vars(const char **by_row, GHashTable *vars)
{
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		const char *value = g_hash_table_lookup(vars, known[i].name);

		if (value != NULL)
			by_row[i] = value;
	}
}

/* Deeper groups count before those above them, the machine before all. */
static GPtrArray *groups_of(const struct inventory_host *host)
{
	GPtrArray *groups = g_ptr_array_new();

	for (guint i = 0; i < host->groups->len; i++) {
		const struct inventory_group *group = host->groups->pdata[i];

		for (guint k = 0; k < group->all->len; k++)
			if (!g_ptr_array_find(groups, group->all->pdata[k], NULL))
				g_ptr_array_add(groups, group->all->pdata[k]);
	}
	return groups;
}

static gint by_depth(gconstpointer a, gconstpointer b)
{
	const struct inventory_group *left = *(const struct inventory_group *const *)a;
	const struct inventory_group *right = *(const struct inventory_group *const *)b;

	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void settle(struct settings *settings, const struct inventory_file *file,
		   const struct inventory_host *host, const GPtrArray *groups)
{
	const struct inventory_group *all = g_hash_table_lookup(file->groups, "all");
	const char *by_row[G_N_ELEMENTS(known)] = {0};

	*settings = (struct settings){0};
	take_vars(by_row, all->vars);
	for (guint i = 0; i < groups->len; i++)
		take_vars(by_row, ((const struct inventory_group *)groups->pdata[i])->vars);
	take_vars(by_row, host->vars);
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		const enum kind kind = known[i].kind;

		if (settings->values[kind] != NULL || by_row[i] == NULL || by_row[i][0] == '\0')
			continue;
		settings->values[kind] = by_row[i];
		settings->names[kind] = known[i].name;
	}
}

/* --- what cannot be obeyed --- */

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (g_ascii_strcasecmp(word, *words) == 0)
			return true;
	return false;
}

static bool is_true(const char *value)
{
	static const char *const words[] = {"true", "yes", "on", "1", "y", "t", NULL};

	return is_one_of(value, words);
}

static bool is_boolean(const char *value)
{
	static const char *const words[] = {"false", "no", "off", "0", "n", "f", NULL};

	return is_true(value) || is_one_of(value, words);
}

/* The machine is reached in another way than by SSH; NULL: it is not. */
static const char *other_connection(const struct settings *settings)
{
	static const char *const by_ssh[] = {"ssh",
					     "smart",
					     "paramiko",
					     "paramiko_ssh",
					     "libssh",
					     "ansible.builtin.ssh",
					     "ansible.builtin.paramiko_ssh",
					     "ansible.netcommon.libssh",
					     NULL};
	const char *connection = settings->values[KIND_CONNECTION];

	return connection == NULL || is_one_of(connection, by_ssh) ? NULL : connection;
}

static char *find_trouble(const struct settings *settings)
{
	const char *become = settings->values[KIND_BECOME];
	const bool becomes = become != NULL && is_true(become);
	const char *method = settings->values[KIND_BECOME_METHOD];
	const char *user = settings->values[KIND_BECOME_USER];
	const char *arguments = settings->values[KIND_ARGUMENTS];

	for (guint i = 0; i < KIND_COUNT; i++)
		if (settings->values[i] != NULL &&
		    (strstr(settings->values[i], "{{") != NULL || settings->values[i][0] == '$'))
			return g_strdup_printf("%s is a template or encrypted, which only Ansible "
					       "resolves: give what \"ansible-inventory --list\" "
					       "prints",
					       settings->names[i]);
	if (settings->values[KIND_PASSWORD] != NULL)
		return g_strdup_printf("%s: passwords and keys in an inventory are not used; let "
				       "ssh-agent or a key file sign in, and take it out",
				       settings->names[KIND_PASSWORD]);
	if (becomes && settings->values[KIND_BECOME_PASSWORD] != NULL)
		return g_strdup_printf("%s: sudo with a password is not used; allow \"sudo -n\" "
				       "(NOPASSWD), or sign in as root",
				       settings->names[KIND_BECOME_PASSWORD]);
	if (become != NULL && !is_boolean(become))
		return g_strdup_printf("%s is neither true nor false",
				       settings->names[KIND_BECOME]);
	if (becomes && method != NULL && strcmp(method, "sudo") != 0 &&
	    strcmp(method, "ansible.builtin.sudo") != 0)
		return g_strdup("ansible_become_method: only sudo is used");
	if (becomes && user != NULL && strcmp(user, "root") != 0)
		return g_strdup("ansible_become_user: only root is of use");
	if (arguments != NULL && !inventory_is_harmless(arguments))
		return g_strdup_printf("%s changes how or where ssh goes: put that into ssh_config "
				       "(-F FILE), where a scan heeds it",
				       settings->names[KIND_ARGUMENTS]);
	return NULL;
}

/* --- the target --- */

/* What can stand in a label. */
static bool is_label_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const size_t length = strlen(name);

	return length > 0 && length <= 50 && strspn(name, letters) == length &&
	       g_ascii_isalnum(name[0]) && g_ascii_isalnum(name[length - 1]);
}

static bool is_label(const struct inventory_group *group)
{
	return strcmp(group->name, "all") != 0 && strcmp(group->name, "ungrouped") != 0 &&
	       is_label_name(group->name);
}

/* "group=web" of one group, "group/web=yes" of each of several: a label has one value. */
static char **labels_of(const GPtrArray *groups)
{
	g_autoptr(GStrvBuilder) labels = g_strv_builder_new();
	guint n = 0;

	for (guint i = 0; i < groups->len; i++)
		n += is_label(groups->pdata[i]) ? 1 : 0;
	for (guint i = 0; i < groups->len; i++) {
		const struct inventory_group *group = groups->pdata[i];
		g_autofree char *label = n == 1 ? g_strdup_printf("group=%s", group->name)
						: g_strdup_printf("group/%s=yes", group->name);

		if (is_label(group))
			g_strv_builder_add(labels, label);
	}
	return g_strv_builder_end(labels);
}

static char **names_of(const GPtrArray *groups)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	for (guint i = 0; i < groups->len; i++)
		g_strv_builder_add(names, ((const struct inventory_group *)groups->pdata[i])->name);
	if (groups->len == 0)
		g_strv_builder_add(names, "all");
	return g_strv_builder_end(names);
}

/* Parts of a target are read as in a word, so that the same is refused. */
static bool put_part(struct ssh_target *target, const char *user, const char *host,
		     const char *port, GError **error)
{
	const bool is_address6 = strchr(host, ':') != NULL && host[0] != '[';
	g_autofree char *word =
		g_strdup_printf("%s%s%s%s%s%s%s", user != NULL ? user : "", user != NULL ? "@" : "",
				is_address6 ? "[" : "", host, is_address6 ? "]" : "",
				port != NULL ? ":" : "", port != NULL ? port : "");
	PLIMSOLL_AUTO(ssh_target) *read = ssh_target_parse(word, error);

	if (read == NULL)
		return false;
	if (user != NULL) {
		g_free(target->user);
		target->user = g_steal_pointer(&read->user);
	}
	g_free(target->host);
	target->host = g_steal_pointer(&read->host);
	if (port != NULL)
		target->port = read->port;
	return true;
}

static bool put_key(struct ssh_target *target, const char *path)
{
	if (path == NULL)
		return true;
	if (path[0] == '-' || strpbrk(path, "\n\r") != NULL)
		return false;
	target->key = path[0] == '~' && path[1] == '/'
			      ? g_build_filename(g_get_home_dir(), path + 2, NULL)
			      : g_strdup(path);
	return true;
}

static char *apply(struct ssh_target *target, const struct settings *settings)
{
	const char *const *values = settings->values;
	const char *host = values[KIND_HOST] != NULL ? values[KIND_HOST] : target->host;
	g_autoptr(GError) error = NULL;

	if (values[KIND_HOST] != NULL && strpbrk(host, "@/") != NULL)
		return g_strdup("ansible_host is no name of a machine");
	if (!put_part(target, values[KIND_USER], host, values[KIND_PORT], &error))
		return g_strdup(error->message);
	if (!put_key(target, values[KIND_KEY]))
		return g_strdup("ansible_ssh_private_key_file is no path");
	if (values[KIND_BECOME] != NULL && is_boolean(values[KIND_BECOME])) {
		target->has_sudo = true;
		target->sudo = is_true(values[KIND_BECOME]);
	}
	return find_trouble(settings);
}

/* A name that ansible_host explains can be any: it is for people then. */
static struct ssh_target *target_of(const struct inventory_file *file,
				    const struct inventory_host *host,
				    const struct settings *settings, GError **error)
{
	g_autoptr(GError) why = NULL;
	struct ssh_target *target = ssh_target_parse(host->name, &why);

	if (target != NULL)
		return target;
	if (settings->values[KIND_HOST] == NULL || strpbrk(host->name, "@:/") != NULL) {
		inventory_fault(file, host->place, error, "%s", why->message);
		return NULL;
	}
	target = g_new0(struct ssh_target, 1);
	target->name = g_strdup(host->name);
	return target;
}

struct inventory_entry *inventory_entry_new(const struct inventory_file *file,
					    const struct inventory_host *host, char **ret_left_out,
					    GError **error)
{
	g_autoptr(GPtrArray) groups = groups_of(host);
	PLIMSOLL_AUTO(inventory_entry) *entry = NULL;
	struct settings settings;

	g_ptr_array_sort(groups, by_depth);
	settle(&settings, file, host, groups);
	if (other_connection(&settings) != NULL) {
		*ret_left_out = g_strdup_printf("ansible_connection=%s is not SSH",
						other_connection(&settings));
		return NULL;
	}
	entry = g_new0(struct inventory_entry, 1);
	entry->target = target_of(file, host, &settings, error);
	if (entry->target == NULL)
		return NULL;
	entry->target->labels = labels_of(groups);
	entry->groups = names_of(groups);
	entry->place = g_strdup_printf("%s:%u", file->name, host->place.line);
	entry->trouble = apply(entry->target, &settings);
	if (entry->target->host == NULL)
		entry->target->host = g_strdup(settings.values[KIND_HOST]);
	return g_steal_pointer(&entry);
}
