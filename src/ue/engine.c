/* SPDX-License-Identifier: Apache-2.0 */
/* The two protocols over a session's connection, behind one face. */
#include "ue/engine.h"

#include <errno.h>

#include "bfcp/client.h"
#include "loop/loop.h"

/* ---- MSRP ---- */

static int msrp_open(void *arg)
{
	struct ms_ue_msrp *m = arg;
	int err = ms_msrp_conn_new(NULL, &ms_random_system, &m->conn);

	return err ? err : ms_msrp_conn_attach(m->conn, m->session);
}

static int msrp_input(void *arg, struct ms_span octets, ms_usec now, size_t *ret_used,
		      const char **ret_reason)
{
	struct ms_ue_msrp *m = arg;
	int err = ms_msrp_conn_input(m->conn, octets, now, ret_used);

	if (err)
		*ret_reason = ms_msrp_conn_fault(m->conn).reason;
	return err;
}

static size_t msrp_output(void *arg, uint8_t *room, size_t size, ms_usec now)
{
	struct ms_ue_msrp *m = arg;

	return ms_msrp_conn_output(m->conn, room, size, now);
}

static int msrp_status(void *arg)
{
	struct ms_ue_msrp *m = arg;

	return ms_msrp_conn_status(m->conn);
}

static ms_usec msrp_deadline(void *arg)
{
	struct ms_ue_msrp *m = arg;

	return ms_msrp_conn_deadline(m->conn);
}

static void msrp_tick(void *arg, ms_usec now)
{
	struct ms_ue_msrp *m = arg;

	ms_msrp_conn_tick(m->conn, now);
}

static void msrp_lost(void *arg)
{
	struct ms_ue_msrp *m = arg;

	ms_msrp_conn_lost(m->conn);
}

static void msrp_close(void *arg)
{
	struct ms_ue_msrp *m = arg;

	ms_msrp_conn_free(m->conn);
	m->conn = NULL;
}

const struct ms_ue_engine ms_ue_msrp_engine = {
	.open = msrp_open,
	.input = msrp_input,
	.output = msrp_output,
	.status = msrp_status,
	.deadline = msrp_deadline,
	.tick = msrp_tick,
	.lost = msrp_lost,
	.close = msrp_close,
};

/* ---- BFCP ---- */

static int bfcp_open(void *arg MS_UNUSED)
{
	return 0;
}

static int bfcp_input(void *arg, struct ms_span octets, ms_usec now MS_UNUSED, size_t *ret_used,
		      const char **ret_reason)
{
	struct ms_fault f = { 0 };
	int err = ms_bfcp_client_input(arg, octets, &f);

	if (err)
		*ret_reason = f.reason ? f.reason : "bfcp_memory";
	else
		*ret_used = octets.len;
	return err;
}

static size_t bfcp_output(void *arg, uint8_t *room, size_t size, ms_usec now MS_UNUSED)
{
	struct ms_span out = ms_span_sub(ms_bfcp_client_output(arg), 0, size);

	if (out.len > 0)
		memcpy(room, out.p, out.len);
	ms_bfcp_client_sent(arg, out.len);
	return out.len;
}

static int bfcp_status(void *arg MS_UNUSED)
{
	return 0;
}

static ms_usec bfcp_deadline(void *arg)
{
	return ms_bfcp_client_deadline(arg);
}

static void bfcp_tick(void *arg, ms_usec now)
{
	ms_bfcp_client_expire(arg, now);
}

static void bfcp_gone(void *arg MS_UNUSED)
{
}

const struct ms_ue_engine ms_ue_bfcp_engine = {
	.open = bfcp_open,
	.input = bfcp_input,
	.output = bfcp_output,
	.status = bfcp_status,
	.deadline = bfcp_deadline,
	.tick = bfcp_tick,
	.lost = bfcp_gone,
	.close = bfcp_gone,
};
