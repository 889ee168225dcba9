/* SPDX-License-Identifier: Apache-2.0 */
/* The interface that manages lists, and the one for metrics: opening, and who may come in. See http.h. */
#include "list/http-priv.h"

static struct {
	struct ms_http_server *server; /* owned */
	struct ms_http_route route;
	struct ms_lists_tokens *tokens; /* owned */
	struct ms_http_server *metrics; /* owned */
	struct ms_http_route metrics_route;
} http;

/* ---- managing lists ---- */

static bool authorised(struct ms_http_request *r, struct ms_lists_client *client)
{
	if (ms_lists_tokens_check(http.tokens, ms_http_header(r, "Authorization"), client))
		return true;
	ms_lists_count(MS_LISTS_C_HTTP_DENIED);
	ms_http_reply_fields(r, 401, "WWW-Authenticate: Bearer realm=\"mediasec-list\"\r\n", NULL,
			     MS_SPAN_NULL);
	return false;
}

static void on_request(struct ms_http_request *r, void *arg)
{
	struct ms_lists_client client;

	(void)arg;
	if (authorised(r, &client))
		ms_lists_http_answer(r, &client);
}

/* ---- metrics ---- */

#define METRICS_MAX ((size_t)2 * 1024 * 1024)
#define SCRAPERS 16

static void on_scrape(struct ms_http_request *r, void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	(void)arg;
	ms_buf_init(&text, METRICS_MAX);
	ms_counters_prometheus(&text);
	if (ms_buf_status(&text))
		ms_http_refuse(r, 503);
	else
		ms_http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8",
			      ms_buf_span(&text));
}

/* ---- opening ---- */

static int serve(const struct ms_http_server_options *o, const struct ms_addr *at, const char *key,
		 struct ms_buf *error, struct ms_http_server **ret_server)
{
	char text[MS_ADDR_TEXT_MAX];
	int err = ms_http_server_new(o, ret_server);

	if (err == 0)
		err = ms_http_server_listen(*ret_server, at, NULL, NULL);
	if (err)
		ms_buf_printf(error, "%s: %s: %s", key, ms_addr_print(at, text), strerror(-err));
	return err;
}

static int listen_at(const struct ms_lists_config *c, struct ms_buf *error)
{
	const struct ms_http_server_options o = {
		.limits = { .body_max = c->http.body_max,
			    .connections = (uint32_t)c->http.connections,
			    .rate = (uint32_t)c->http.rate },
		.routes = &http.route,
		.n_routes = 1,
	};

	http.route =
		(struct ms_http_route){ MS_LISTS_HTTP_PATH,
					MS_HTTP_GET | MS_HTTP_HEAD | MS_HTTP_PUT | MS_HTTP_DELETE,
					on_request, NULL, true };
	return serve(&o, &c->http.listen, "http.listen", error, &http.server);
}

static int listen_for_metrics(const struct ms_lists_config *c, struct ms_buf *error)
{
	const struct ms_http_server_options o = { .limits = { .connections = SCRAPERS },
						  .routes = &http.metrics_route,
						  .n_routes = 1 };

	http.metrics_route = (struct ms_http_route){ "/metrics", MS_HTTP_GET, on_scrape, NULL };
	return serve(&o, &c->http.metrics, "http.metrics", error, &http.metrics);
}

int ms_lists_http_open(const struct ms_lists_config *c, struct ms_buf *error)
{
	int err = 0;

	if (ms_addr_is_set(&c->http.listen)) {
		err = ms_lists_http_reload(c, error);
		if (err == 0)
			err = listen_at(c, error);
	}
	if (err == 0 && ms_addr_is_set(&c->http.metrics))
		err = listen_for_metrics(c, error);
	return err;
}

int ms_lists_http_reload(const struct ms_lists_config *c, struct ms_buf *error)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf why;
	struct ms_lists_tokens *tokens = NULL;
	int err;

	ms_buf_init(&why, 1024);
	if (!ms_addr_is_set(&c->http.listen))
		return 0;
	err = ms_lists_tokens_load(c->http.token_file, &why, &tokens);
	if (err) {
		ms_buf_printf(error, "http.token_file: %s", ms_buf_cstr(&why));
		return err;
	}
	ms_lists_tokens_free(http.tokens);
	http.tokens = tokens;
	return 0;
}

void ms_lists_http_close(void)
{
	http.server = ms_http_server_free(http.server);
	http.metrics = ms_http_server_free(http.metrics);
	http.tokens = ms_lists_tokens_free(http.tokens);
}
