/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories in all their forms, what is refused in them, and what selects among machines. */
#include <string.h>

#include "server/inventory/inventory.h"

struct read {
	GPtrArray *entries, *notes;
	GError *error;
	bool is_read;
};

static void free_entry(gpointer data)
{
	inventory_entry_free(data);
}

static struct read read_text(const char *text)
{
	struct read read = {.entries = g_ptr_array_new_with_free_func(free_entry),
			    .notes = g_ptr_array_new_with_free_func(g_free)};

	read.is_read =
		inventory_read("hosts", text, strlen(text), read.entries, read.notes, &read.error);
	g_assert_true(read.is_read == (read.error == NULL));
	return read;
}

static void read_done(struct read *read)
{
	g_ptr_array_unref(read->entries);
	g_ptr_array_unref(read->notes);
	g_clear_error(&read->error);
}
#define READ_AUTO __attribute__((cleanup(read_done))) struct read

/* "name>user@host:port key sudo {groups} [labels] !trouble", what is not there left out. */
static char *shape(const struct inventory_entry *entry)
{
	const struct ssh_target *target = entry->target;
	GString *text = g_string_new(target->name);
	g_autofree char *groups = g_strjoinv(",", entry->groups);
	g_autofree char *labels = g_strjoinv(",", target->labels);

	if (target->user != NULL || strcmp(target->name, target->host) != 0 || target->port != 0)
		g_string_append_printf(text, ">%s%s%s", target->user != NULL ? target->user : "",
				       target->user != NULL ? "@" : "", target->host);
	if (target->port != 0)
		g_string_append_printf(text, ":%u", target->port);
	if (target->key != NULL)
		g_string_append_printf(text, " key=%s", target->key);
	if (target->has_sudo)
		g_string_append_printf(text, " sudo=%d", target->sudo);
	if (strcmp(groups, "all") != 0)
		g_string_append_printf(text, " {%s}", groups);
	if (labels[0] != '\0')
		g_string_append_printf(text, " [%s]", labels);
	if (entry->trouble != NULL)
		g_string_append_printf(text, " !%.30s", entry->trouble);
	return g_string_free(text, FALSE);
}

/* One line a machine. */
static char *shapes(const struct read *read)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < read->entries->len; i++) {
		g_autofree char *one = shape(read->entries->pdata[i]);

		g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", one);
	}
	return g_string_free(text, FALSE);
}

static const struct {
	const char *name, *text, *want;
} good[] = {
	{"a list",
	 "# fleet\nweb1\nroot@web2:2222  # the old one\n\n  ssh://me@[::1]:22\n[fe80::1]:2022\n",
	 "web1\nroot@web2:2222>root@web2:2222\nssh://me@[::1]:22>me@::1:22\n"
	 "[fe80::1]:2022>fe80::1:2022"},
	{"nothing", "", ""},
	{"blank lines of DOS", "web1\r\n\r\nweb2\r\n", "web1\nweb2"},
	{"groups", "lone\n[web]\na\nb ansible_host=10.0.0.2\n[db]\nb\n",
	 "lone\na {all,web} [group=web]\nb>10.0.0.2 {all,db,web} [group/db=yes,group/web=yes]"},
	{"ranges", "[web]\nweb[01:03].x\n[a:b]-db[1:5:2]\n",
	 "web01.x {all,web} [group=web]\nweb02.x {all,web} [group=web]\n"
	 "web03.x {all,web} [group=web]\na-db1 {all,web} [group=web]\na-db3 {all,web} [group=web]\n"
	 "a-db5 {all,web} [group=web]\nb-db1 {all,web} [group=web]\nb-db3 {all,web} [group=web]\n"
	 "b-db5 {all,web} [group=web]"},
	{"a range with a port", "web[1:2]:2222\n", "web1:2222>web1:2222\nweb2:2222>web2:2222"},
	{"variables of a machine",
	 "a ansible_host=10.0.0.1 ansible_user=root ansible_port=2222 "
	 "ansible_ssh_private_key_file=\"/keys/my key\" ansible_become=true colour=\"a b\"\n",
	 "a>root@10.0.0.1:2222 key=/keys/my key sudo=1"},
	{"an address of IPv6", "a ansible_host=2001:db8::1 ansible_port=22\n", "a>2001:db8::1:22"},
	{"deeper groups count, and the machine above all",
	 "[all:vars]\nansible_user = everybody\nansible_port=1\n[site:children]\nweb\n[site:vars]\n"
	 "ansible_user=site\nansible_port=2\n[web:vars]\nansible_port=3\n[web]\na\n"
	 "b ansible_port=4\n",
	 "a>site@a:3 {all,site,web} [group/site=yes,group/web=yes]\n"
	 "b>site@b:4 {all,site,web} [group/site=yes,group/web=yes]"},
	{"values in quotes", "[web]\na\n[web:vars]\nansible_user = 'root' # who\n",
	 "a>root@a {all,web} [group=web]"},
	{"become that is off", "a ansible_become=no\n", "a sudo=0"},
	{"arguments that only tune",
	 "a ansible_ssh_common_args='-o StrictHostKeyChecking=no -o ControlMaster=auto -C'\n", "a"},
	{"YAML",
	 "---\nall:\n  hosts:\n    lone:\n  vars:\n    ansible_user: root\n  children:\n    web:\n"
	 "      hosts:\n        web[1:2]:\n          ansible_port: 2222\n    db:\n      children:\n"
	 "        pg: {hosts: {db1: {ansible_become: yes}}}\n",
	 "lone>root@lone\nweb1>root@web1:2222 {all,web} [group=web]\n"
	 "web2>root@web2:2222 {all,web} [group=web]\n"
	 "db1>root@db1 sudo=1 {all,db,pg} [group/db=yes,group/pg=yes]"},
	{"YAML without a start", "web:\n  hosts:\n    a:\n    b:\n",
	 "a {all,web} [group=web]\nb {all,web} [group=web]"},
	{"a list in YAML", "- a\n- root@b\n", "a\nroot@b>root@b"},
	{"what ansible-inventory --list prints",
	 "{\"_meta\": {\"hostvars\": {\"a\": {\"ansible_host\": \"10.0.0.1\", \"ansible_port\": "
	 "22}}}, "
	 "\"all\": {\"children\": [\"ungrouped\", \"web\"]}, \"web\": {\"hosts\": [\"a\", \"b\"]}}",
	 "a>10.0.0.1:22 {all,web} [group=web]\nb {all,web} [group=web]"},
	{"names that are for people", "\"the web\" ansible_host=10.0.0.1\n", "the web>10.0.0.1"},
};

static void test_good(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		READ_AUTO read = read_text(good[i].text);
		g_autofree char *got = shapes(&read);

		g_test_message("%s", good[i].name);
		g_assert_no_error(read.error);
		g_assert_cmpstr(got, ==, good[i].want);
	}
}

/* --- what cannot be obeyed --- */

static const struct {
	const char *text, *says;
} troubles[] = {
	{"a ansible_password=hunter2\n", "ansible_password"},
	{"a ansible_ssh_pass=\"hunter2\"\n", "ansible_ssh_pass"},
	{"[web]\na\n[web:vars]\nansible_password: x = hunter2\nansible_password=hunter2\n",
	 "ansible_password"},
	{"all:\n  hosts:\n    a: {ansible_ssh_pass: hunter2}\n", "ansible_ssh_pass"},
	{"a ansible_become=yes ansible_become_password=hunter2\n", "NOPASSWD"},
	{"a ansible_become=yes ansible_become_method=su\n", "only sudo"},
	{"a ansible_become=yes ansible_become_user=oracle\n", "only root"},
	{"a ansible_become=maybe\n", "neither"},
	{"a ansible_ssh_common_args='-o ProxyJump=bastion'\n", "ssh_config"},
	{"a ansible_ssh_common_args='-J bastion'\n", "ssh_config"},
	{"a ansible_ssh_extra_args='-o \"ProxyCommand nc %h %p\"'\n", "ssh_config"},
	{"a ansible_ssh_args='-oHostName=other'\n", "ssh_config"},
	{"a ansible_ssh_args='-l root'\n", "ssh_config"},
	{"a ansible_ssh_args='\"'\n", "ssh_config"},
	{"a ansible_ssh_executable=/opt/ssh\n", "ssh_config"},
	{"a ansible_host='{{ inventory_hostname }}.x'\n", ""},
	{"a ansible_user='{{ me }}'\n", ""},
	{"all:\n  hosts:\n    a:\n      ansible_host: !vault |\n        hunter2\n", ""},
	{"a ansible_host=-oProxyCommand=id\n", "begin with"},
	{"a ansible_host=root@b\n", "no name"},
	{"a ansible_port=99999\n", "port"},
	{"a ansible_ssh_private_key_file=-oX\n", "no path"},
};

static void test_troubles(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(troubles); i++) {
		READ_AUTO read = read_text(troubles[i].text);
		const struct inventory_entry *entry = NULL;

		g_test_message("%s", troubles[i].text);
		g_assert_no_error(read.error);
		g_assert_cmpuint(read.entries->len, ==, 1);
		entry = read.entries->pdata[0];
		g_assert_nonnull(entry->trouble);
		g_assert_nonnull(strstr(entry->trouble, troubles[i].says));
		g_assert_null(strstr(entry->trouble, "hunter2"));
		g_assert_nonnull(entry->target->host);
	}
}

static const struct {
	const char *text, *says;
} bad[] = {
	{"web1\nroot:hunter2@web2\n", "hosts:2: "},
	{"web1 hunter2\n", "hosts:1: behind"},
	{"a 'b\n", "hosts:1: a quote"},
	{"-oProxyCommand=id\n", "hosts:1: "},
	{"web[1:3\n", "hosts:1: a bracket"},
	{"web[3:1]\n", "hosts:1: a range"},
	{"web[1:x]\n", "hosts:1: a range"},
	{"web[01:100]\n", "hosts:1: a range"},
	{"web[1:2:0]\n", "hosts:1: a range"},
	{"web[0:999999999]\n", "hosts:1: a range stands for too many"},
	{"w[0:999][0:999]\n", "hosts:1: a range stands for too many"},
	{"w[0:1][0:1][0:1][0:1][0:1][0:1][0:1][0:1][0:1][0:1]\n", "hosts:1: too many ranges"},
	{"[web:nonsense]\na\n", "hosts:1: a section"},
	{"[]\n", "hosts:1: "},
	{"[a b]\n", "hosts:1: "},
	{"[web:vars]\nnothing\n", "hosts:2: expected a setting"},
	{"[web:children]\na b\n", "hosts:2: expected the name"},
	{"[a:children]\nb\n[b:children]\na\n", "below itself"},
	{"[a:children]\na\n", "below itself"},
	{"[a:children]\nall\n", "below itself"},
	{"all:\n  hosts: [\n", "hosts:"},
	{"all:\n  nonsense: 1\n", "hosts:2:3: a group has"},
	{"all:\n  hosts:\n    [a]: 1\n", "hosts:3:5: a key"},
	{"plugin: aws_ec2\n", "hosts:1:1: these are settings"},
	{"all:\n  hosts:\n    a:\n      <<: *x\n", "hosts:"},
	{"---\nall: &a\n  children:\n    b: *a\n", "hosts"},
	{"\xff\xfe\n", "UTF-8"},
};

static void test_bad(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		READ_AUTO read = read_text(bad[i].text);

		g_test_message("%s", bad[i].text);
		g_assert_nonnull(read.error);
		g_assert_nonnull(strstr(read.error->message, bad[i].says));
		g_assert_null(strstr(read.error->message, "hunter2"));
	}
}

static void test_left_out(void)
{
	READ_AUTO read = read_text("a\na\nlocalhost ansible_connection=local\n"
				   "win ansible_connection=winrm\nb ansible_connection=smart\n");
	g_autofree char *got = shapes(&read);

	g_assert_no_error(read.error);
	g_assert_cmpstr(got, ==, "a\nb");
	g_assert_cmpuint(read.notes->len, ==, 3);
	g_assert_nonnull(strstr(read.notes->pdata[0], "hosts:2: \"a\" stands in line 1 already"));
	g_assert_nonnull(strstr(read.notes->pdata[1], "ansible_connection=local is not SSH"));
}

/* --- selecting --- */

static const struct {
	const char *pattern, *want;
} limits[] = {
	{"web1", "web1"},
	{"web*", "web1 web2"},
	{"web", "web1 web2"},
	{"all", "web1 web2 db1 lone"},
	{"*", "web1 web2 db1 lone"},
	{"web1,db1", "web1 db1"},
	{"web1:db1", "web1 db1"},
	{"web:!web1", "web2"},
	{"!web", "db1 lone"},
	{"prod:&web", "web1"},
	{"web[1:2]", "web1 web2"},
	{"d?1", "db1"},
	{"nobody", ""},
	{"", "web1 web2 db1 lone"},
};

static void test_limit(void)
{
	READ_AUTO read = read_text("lone\n[web]\nweb1\nweb2\n[db]\ndb1\n[prod]\nweb1\ndb1\n");

	g_ptr_array_add(read.entries, g_ptr_array_steal_index(read.entries, 0));
	for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
		g_autoptr(GString) got = g_string_new(NULL);

		for (guint k = 0; k < read.entries->len; k++) {
			const struct inventory_entry *entry = read.entries->pdata[k];

			if (inventory_is_meant(entry, limits[i].pattern))
				g_string_append_printf(got, "%s%s", got->len > 0 ? " " : "",
						       entry->target->name);
		}
		g_test_message("%s", limits[i].pattern);
		g_assert_cmpstr(got->str, ==, limits[i].want);
	}
}

static void test_group(void)
{
	static const char *const patterns[] = {"we*", "prod,nobody", NULL};
	READ_AUTO read = read_text("lone\n[web]\nweb1\n[db]\ndb1\ndb2\n[prod]\ndb1\n");
	guint n = 0;

	for (guint i = 0; i < read.entries->len; i++)
		n += inventory_is_in(read.entries->pdata[i], patterns) ? 1 : 0;
	g_assert_cmpuint(n, ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/inventory/lists, INI, YAML and --list are read", test_good);
	g_test_add_func("/inventory/what would lead elsewhere is told", test_troubles);
	g_test_add_func("/inventory/mistakes have a place, and show no secret", test_bad);
	g_test_add_func("/inventory/what is no machine for SSH is left out aloud", test_left_out);
	g_test_add_func("/inventory/--limit selects as Ansible's", test_limit);
	g_test_add_func("/inventory/--group selects by groups", test_group);
	return g_test_run();
}
