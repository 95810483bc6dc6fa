/* SPDX-License-Identifier: Apache-2.0 */
/* Which other names a path has by the mount table, and which mounts others cover. */
#include "agent/mount_table.h"

/* id, parent, device, root, mount point */
#define MOUNT(id, parent, device, root, point)                                                     \
#id " " #parent " " device " " root " " point " rw,relatime shared:1 - ext4 /dev/a rw\n"
#define ROOT MOUNT(1, 0, "8:1", "/", "/")

static const struct {
	const char *claim, *text, *path, *want;
} cases[] = {
	{"no bind mount, no alias", ROOT MOUNT(2, 1, "0:5", "/", "/proc"), "/srv/x", ""},
	{"a bind mount is the folder behind it", ROOT MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x"),
	 "/srv/x", "/etc/docker;"},
	{"so is what lies below it", ROOT MOUNT(2, 1, "8:1", "/etc", "/srv/x"), "/srv/x/docker/a",
	 "/etc/docker/a;"},
	{"and the other way round", ROOT MOUNT(2, 1, "8:1", "/etc", "/srv/x"), "/etc/docker",
	 "/srv/x/docker;"},
	{"the whole root", ROOT MOUNT(2, 1, "8:1", "/", "/srv/x"), "/srv/x", "/;"},
	{"a folder that shows it further down", ROOT MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x/y"),
	 "/srv/x", "/etc/docker;"},
	{"a name that only begins alike", ROOT MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x"),
	 "/srv/xy", ""},
	{"another device with the same folder", ROOT MOUNT(2, 1, "8:2", "/etc/docker", "/srv/x"),
	 "/srv/x", ""},
	{"a mounted folder that a later mount covers is not seen",
	 ROOT MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x") MOUNT(3, 2, "0:9", "/", "/srv/x"),
	 "/srv/x", ""},
	{"nor is one below a folder that is covered",
	 ROOT MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x") MOUNT(3, 1, "0:9", "/", "/srv"), "/srv/x",
	 ""},
	{"a path that is covered is no alias",
	 ROOT MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x") MOUNT(3, 1, "0:9", "/", "/etc"), "/srv/x",
	 ""},
	{"a bind mount of a bind mount",
	 ROOT MOUNT(2, 1, "8:1", "/etc", "/srv/x") MOUNT(3, 1, "8:1", "/etc/docker", "/srv/y"),
	 "/srv/y", "/etc/docker;/srv/x/docker;"},
	{"of a file system of its own",
	 ROOT MOUNT(2, 1, "8:2", "/", "/var") MOUNT(3, 1, "8:2", "/lib/docker", "/srv/x"), "/srv/x",
	 "/var/lib/docker;"},
	{"the order of the lines does not matter", MOUNT(2, 1, "8:1", "/etc/docker", "/srv/x") ROOT,
	 "/srv/x", "/etc/docker;"},
	{"octal escapes", ROOT MOUNT(2, 1, "8:1", "/a\\040b", "/srv/x\\040y"), "/srv/x y", "/a b;"},
	{"namespaces are no files",
	 ROOT MOUNT(2, 1, "0:4", "net:[1]", "/run/a") MOUNT(3, 1, "0:4", "net:[1]", "/run/b"),
	 "/run/a", ""},
	{"a removed folder has no other name", ROOT MOUNT(2, 1, "8:1", "/x//deleted", "/srv/x"),
	 "/srv/x", ""},
	{"parents in a circle end",
	 ROOT MOUNT(2, 3, "8:1", "/", "/a") MOUNT(3, 2, "8:1", "/", "/a"), "/a", ""},
	{"no root, no answer", MOUNT(2, 1, "8:1", "/etc", "/srv/x"), "/srv/x", ""},
	{"nothing", "", "/srv/x", ""},
	{"a relative path", ROOT, "srv", ""},
};

static void append(const char *alias, void *data)
{
	g_string_append_printf(data, "%s;", alias);
}

static void test_aliases(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		PLIMSOLL_AUTO(mount_table) *table = mount_table_new(cases[i].text);
		g_autoptr(GString) seen = g_string_new(NULL);

		g_test_message("%s", cases[i].claim);
		mount_table_aliases(table, cases[i].path, append, seen);
		g_assert_cmpstr(seen->str, ==, cases[i].want);
	}
}

static const struct {
	const char *claim, *text, *want; /* mount points that are to be seen */
} tables[] = {
	{"each at its place", ROOT MOUNT(2, 1, "8:2", "/", "/a"), "/;/a;"},
	{"the lower of two at one place is covered",
	 ROOT MOUNT(2, 1, "8:2", "/", "/a") MOUNT(3, 2, "8:3", "/", "/a"), "/;/a;"},
	{"so is what lies below a later mount",
	 ROOT MOUNT(2, 1, "8:2", "/", "/a/b") MOUNT(3, 1, "8:3", "/", "/a"), "/;/a;"},
	{"one on that mount is not",
	 ROOT MOUNT(2, 1, "8:3", "/", "/a") MOUNT(3, 2, "8:2", "/", "/a/b"), "/;/a;/a/b;"},
	{"nor one on another that is listed first",
	 MOUNT(3, 2, "8:2", "/", "/a/b") MOUNT(2, 1, "8:3", "/", "/a") ROOT, "/a/b;/a;/;"},
	{"without a root none is left out", MOUNT(2, 1, "8:1", "/", "/a"), "/a;"},
};

static void test_shown(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		PLIMSOLL_AUTO(mount_table) *table = mount_table_new(tables[i].text);
		g_autoptr(GString) seen = g_string_new(NULL);

		g_test_message("%s", tables[i].claim);
		for (guint k = 0; k < mount_table_size(table); k++)
			if (mount_table_shows(table, mount_table_at(table, k)))
				append(mount_table_at(table, k)->mount_point, seen);
		g_assert_cmpstr(seen->str, ==, tables[i].want);
	}
}

static const struct {
	const char *claim, *text, *path, *want;
} places[] = {
	{"on the root's file system", ROOT, "/etc/x", "8:1 /etc/x"},
	{"the root itself", ROOT, "/", "8:1 /"},
	{"on another one", ROOT MOUNT(2, 1, "8:2", "/", "/var"), "/var/lib", "8:2 /lib"},
	{"at its mount point", ROOT MOUNT(2, 1, "8:2", "/", "/var"), "/var", "8:2 /"},
	{"a bind mount names what is behind it", ROOT MOUNT(2, 1, "8:1", "/etc", "/host/etc"),
	 "/host/etc/x", "8:1 /etc/x"},
	{"where it was not mounted, the folder below is another place",
	 ROOT MOUNT(2, 1, "8:1", "/", "/host") MOUNT(3, 1, "8:2", "/", "/var"), "/host/var/lib",
	 "8:1 /var/lib"},
	{"a later mount covers", ROOT MOUNT(2, 1, "8:2", "/", "/a") MOUNT(3, 2, "8:3", "/", "/a"),
	 "/a/x", "8:3 /x"},
	{"nothing is known of a relative path", ROOT, "etc", NULL},
	{"nothing is known without a root", MOUNT(2, 1, "8:1", "/", "/a"), "/a", NULL},
};

static void test_places(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		PLIMSOLL_AUTO(mount_table) *table = mount_table_new(places[i].text);
		g_autofree char *place = mount_table_place(table, places[i].path);

		g_test_message("%s", places[i].claim);
		g_assert_cmpstr(place, ==, places[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mount-table/aliases", test_aliases);
	g_test_add_func("/mount-table/what is to be seen", test_shown);
	g_test_add_func("/mount-table/places", test_places);
	return g_test_run();
}
