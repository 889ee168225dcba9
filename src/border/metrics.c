/* SPDX-License-Identifier: Apache-2.0 */
#include "border/metrics.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "daemon/counter.h"
#include "http/server.h"

#define TEXT_MAX ((size_t)1 << 20)
#define CONNECTIONS 16

struct ms_border_metrics {
	struct ms_http_server *server;
	struct ms_http_route route;
};

static void on_scrape(struct ms_http_request *r, void *arg MS_UNUSED)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, TEXT_MAX);
	ms_counters_prometheus(&text);
	if (ms_buf_status(&text) == 0)
		ms_http_reply(r, 200, "text/plain; version=0.0.4", ms_buf_span(&text));
	else
		ms_http_refuse(r, 503);
}

int ms_border_metrics_open(const struct ms_addr *address, struct ms_buf *error,
			   struct ms_border_metrics **ret_m)
{
	struct ms_border_metrics *m;
	struct ms_http_server_options o = { .n_routes = 1 };
	char text[MS_ADDR_TEXT_MAX];
	int err;

	*ret_m = NULL;
	if (!ms_addr_is_set(address))
		return 0;
	m = ms_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->route = (struct ms_http_route){ "/metrics", MS_HTTP_GET, on_scrape, m };
	o.routes = &m->route;
	o.limits.connections = CONNECTIONS;
	err = ms_http_server_new(&o, &m->server);
	if (err == 0)
		err = ms_http_server_listen(m->server, address, NULL, NULL);
	if (err < 0) {
		if (error)
			ms_buf_printf(error, "metrics at %s: %s", ms_addr_print(address, text),
				      strerror(-err));
		ms_border_metrics_close(m);
		return err;
	}
	*ret_m = m;
	return 0;
}

struct ms_border_metrics *ms_border_metrics_close(struct ms_border_metrics *m)
{
	if (!m)
		return NULL;
	ms_http_server_free(m->server);
	return ms_free(m);
}
