/* SPDX-License-Identifier: Apache-2.0 */
/* See kms-members.h. Members who stay are not touched: nobody is shut out while the list changes. */
#include "ctl/kms-members.h"

#include <stdio.h>

#include "core/buf.h"
#include "ctl/commands.h"
#include "ctl/input.h"

#define FILE_MAX ((size_t)16 << 20)
#define CHUNK 200 /* URIs in one request: it has to fit into a line of the control socket */

struct change {
	const char *socket, *psi;
	json_t *wanted;  /* owned: URI -> true */
	json_t *members; /* what psi.member.list said */
	json_int_t added, removed;
	json_t *unknown; /* owned: array of URIs that are nobody's */
};

static int take_wanted(const char *path, json_t *wanted)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_span rest;

	ms_buf_init(&text, FILE_MAX);
	if (ms_ctl_load(path, &text))
		return ms_ctl_fail("%s cannot be read", path);
	rest = ms_buf_span(&text);
	while (rest.len > 0) {
		struct ms_span line = ms_span_trim(ms_span_cut(&rest, '\n'));
		char uri[512];

		if (line.len == 0 || line.p[0] == '#')
			continue;
		if (ms_span_to_str(line, uri, sizeof(uri)) ||
		    json_object_set_new(wanted, uri, json_true()))
			return ms_ctl_fail("%s: a line is too long or no UTF-8", path);
	}
	return MS_CTL_OK;
}

/* One request for at most CHUNK of them. */
static int send_uris(struct change *c, const char *command, json_t *uris, json_int_t *count)
{
	json_t *result = NULL, *item;
	size_t i;
	int status;

	if (json_array_size(uris) == 0)
		return MS_CTL_OK;
	status = ms_ctl_ask(c->socket, command,
			    json_pack("{s:s, s:O}", "psi", c->psi, "uris", uris), &result);
	json_array_clear(uris);
	*count += json_integer_value(json_object_get(result, "changed"));
	json_array_foreach (json_object_get(result, "unknown"), i, item)
		json_array_append(c->unknown, item);
	json_decref(result);
	return status;
}

/* Takes what is there off `wanted`; what is there and not wanted is removed. */
static int remove_others(struct change *c)
{
	json_t *gone = json_array(), *member, *uri;
	size_t i, k;
	int status = MS_CTL_OK;

	json_array_foreach (c->members, i, member) {
		const json_t *uris = json_object_get(member, "identities");
		bool stays = false;

		json_array_foreach (uris, k, uri)
			stays |= json_object_del(c->wanted, json_string_value(uri)) == 0;
		if (!stays)
			json_array_append(gone, json_array_get(uris, 0));
		if (json_array_size(gone) == CHUNK && status == MS_CTL_OK)
			status = send_uris(c, "psi.member.remove", gone, &c->removed);
	}
	if (status == MS_CTL_OK)
		status = send_uris(c, "psi.member.remove", gone, &c->removed);
	json_decref(gone);
	return status;
}

static int add_wanted(struct change *c)
{
	json_t *uris = json_array(), *value;
	const char *uri;
	int status = MS_CTL_OK;

	json_object_foreach (c->wanted, uri, value) {
		json_array_append_new(uris, json_string(uri));
		if (json_array_size(uris) == CHUNK && status == MS_CTL_OK)
			status = send_uris(c, "psi.member.add", uris, &c->added);
	}
	if (status == MS_CTL_OK)
		status = send_uris(c, "psi.member.add", uris, &c->added);
	json_decref(uris);
	return status;
}

static int change(struct change *c, const char *path, bool json)
{
	json_t *told;
	int status = take_wanted(path, c->wanted);

	if (status == MS_CTL_OK)
		status = remove_others(c);
	if (status == MS_CTL_OK)
		status = add_wanted(c);
	if (status != MS_CTL_OK)
		return status;
	told = json_pack("{s:I, s:I, s:O}", "added", c->added, "removed", c->removed, "unknown",
			 c->unknown);
	ms_ctl_print(told, json);
	json_decref(told);
	return status;
}

int ms_ctl_psi_members(const char *socket, const char *psi, const char *path, bool json)
{
	struct change c = {
		.socket = socket, .psi = psi, .wanted = json_object(), .unknown = json_array()
	};
	json_t *result = NULL;
	int status = ms_ctl_ask(socket, "psi.member.list", json_pack("{s:s}", "psi", psi), &result);

	c.members = json_object_get(result, "members");
	if (status == MS_CTL_OK && path)
		status = change(&c, path, json);
	else if (status == MS_CTL_OK)
		ms_ctl_print(result, json);
	json_decref(result);
	json_decref(c.wanted);
	json_decref(c.unknown);
	return status;
}
