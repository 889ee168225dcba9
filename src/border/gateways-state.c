/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of gateways over a restart, a line each: name, H.248 version, profile. A gateway that is
 * found there is audited at once where its address is configured, else when it is first heard.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "border/gateways-priv.h"
#include "h248/binary.h"
#include "h248/text.h"

#define STATE_MAX 65536

/* ---- writing ---- */

static void put_all(const struct ms_border_gateways *g, struct ms_buf *b)
{
	struct ms_list *l;

	ms_border_gate_foreach(l, g)
	{
		const struct ms_mgc_gateway *mg = ms_border_gate_at(l)->g;
		const char *profile = ms_mgc_gateway_profile(mg);

		if (ms_mgc_gateway_version(mg))
			ms_buf_printf(b, "%s %u %s\n", ms_mgc_gateway_name(mg),
				      ms_mgc_gateway_version(mg), profile[0] ? profile : "-");
	}
}

static int write_file(const char *path, struct ms_span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text.p, text.len) != (ssize_t)text.len || fsync(fd))
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/* The new text stands beside the old until it is whole. */
void ms_border_gateways_keep(struct ms_border_gateways *g)
{
	const char *path = g->config->state;
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	char beside[300];
	int err;

	ms_buf_init(&b, STATE_MAX);
	if (!*path)
		return;
	put_all(g, &b);
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	err = ms_buf_status(&b);
	if (!err)
		err = write_file(beside, ms_buf_span(&b));
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		MS_LOG(&ms_border_h248_log, MS_LOG_ERROR, "%s: %s", path, strerror(-err));
}

/* ---- reading ---- */

static int associate(struct ms_border_gateways *g, struct ms_border_gate *gate)
{
	static const struct ms_h248_codec *const codecs[] = {
		&ms_h248_codec_pretty,
		&ms_h248_codec_compact,
		&ms_h248_codec_binary,
	};
	struct ms_h248_path path;
	int err = ms_gcp_connect(g->gcp, MS_H248_UDP, &gate->config->address,
				 codecs[gate->config->encoding], NULL, &path);

	return err ? err
		   : ms_h248_associate(ms_gcp_entity(g->gcp), &path, gate, &gate->association);
}

static void restore_one(struct ms_border_gateways *g, struct ms_span line)
{
	struct ms_span name = ms_span_cut(&line, ' '), version = ms_span_cut(&line, ' ');
	struct ms_mgc_gateway *mg = ms_mgc_gateway_find(g->mgc, name);
	struct ms_border_gate *gate;
	uint64_t v;
	bool later;

	if (!mg || ms_span_u64(version, 3, &v))
		return; /* no longer configured */
	gate = ms_mgc_gateway_user(mg);
	later = !ms_addr_is_set(&gate->config->address);
	if (!later && associate(g, gate))
		later = true;
	if (ms_mgc_gateway_restore(mg, (uint8_t)v, ms_span_is(line, "-") ? MS_SPAN_NULL : line,
				   later, ms_loop_now()))
		MS_LOG(&ms_border_h248_log, MS_LOG_WARNING, "gateway=%s was not taken up",
		       ms_mgc_gateway_name(mg));
}

void ms_border_gateways_restore(struct ms_border_gateways *g)
{
	char text[STATE_MAX];
	struct ms_span rest;
	ssize_t n;
	int fd;

	if (!*g->config->state)
		return;
	fd = open(g->config->state, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		if (errno != ENOENT)
			MS_LOG(&ms_border_h248_log, MS_LOG_ERROR, "%s: %s", g->config->state,
			       strerror(errno));
		return;
	}
	n = read(fd, text, sizeof(text));
	close(fd);
	rest = ms_span_of(text, n > 0 ? (size_t)n : 0);
	while (rest.len)
		restore_one(g, ms_span_cut(&rest, '\n'));
	ms_timer_start(&g->tick, 0);
}
