/* SPDX-License-Identifier: Apache-2.0 */
/* The server: listeners, limits on connections, routes, graceful stop. */
#include "http/server.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core/alloc.h"
#include "http/http-priv.h"

#define OR_DEFAULT(member, value) ((member) > 0 ? (member) : (value))

static struct ms_http_limits with_defaults(const struct ms_http_limits *l)
{
	return (struct ms_http_limits){
		.head_max = OR_DEFAULT(l->head_max, 8 * 1024),
		.body_max = OR_DEFAULT(l->body_max, 64 * 1024),
		.connections = OR_DEFAULT(l->connections, 4096),
		.per_address = OR_DEFAULT(l->per_address, 256),
		.rate = l->rate,
		.rate_burst = l->rate_burst,
		.per_connection = l->per_connection,
		.head_limit = OR_DEFAULT(l->head_limit, 10 * MS_SEC),
		.body_limit = OR_DEFAULT(l->body_limit, 20 * MS_SEC),
		.idle_limit = OR_DEFAULT(l->idle_limit, 60 * MS_SEC),
		.send_limit = OR_DEFAULT(l->send_limit, 20 * MS_SEC),
	};
}

static void tell_stopped(void *arg)
{
	struct ms_http_server *s = arg;
	void (*f)(void *arg) = s->stopped;

	s->stopped = NULL;
	ms_timer_stop(&s->stop_timer);
	if (f)
		f(s->stopped_arg);
}

/* The graceful stop took too long: what is left is cut off. */
static void stop_due(void *arg)
{
	struct ms_http_server *s = arg;
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &s->conns) {
		struct ms_http_request *r = MS_CONTAINER_OF(link, struct ms_http_request, link);

		r->tcp = ms_tcp_close(r->tcp);
		ms_http_conn_end(r);
	}
	ms_defer_call(&s->stop_defer);
}

int ms_http_server_new(const struct ms_http_server_options *o, struct ms_http_server **ret_s)
{
	struct ms_http_server *s = ms_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->limits = with_defaults(&o->limits);
	s->routes = o->routes;
	s->n_routes = o->n_routes;
	s->name = o->server_name;
	ms_list_init(&s->conns);
	ms_timer_init(&s->stop_timer, "http.stop", stop_due, s);
	ms_defer_init(&s->stop_defer, tell_stopped, s);
	err = ms_http_addresses_init(&s->addresses, s->limits.connections);
	if (err) {
		ms_http_server_free(s);
		return err;
	}
	*ret_s = s;
	return 0;
}

static void accepted(int fd, const struct ms_addr *peer, void *arg)
{
	ms_http_conn_new(arg, fd, peer);
}

int ms_http_server_listen(struct ms_http_server *s, const struct ms_addr *a,
			  const struct ms_tcp_listen_options *options, struct ms_addr *ret_bound)
{
	struct ms_tcp_listener *l;
	int err;

	if (s->n_listeners == MS_HTTP_LISTENERS_MAX)
		return -ENOSPC;
	err = ms_tcp_listen(a, options, accepted, s, &l);
	if (err)
		return err;
	s->listeners[s->n_listeners++] = l;
	if (ret_bound)
		*ret_bound = *ms_tcp_listener_addr(l);
	return 0;
}

int ms_http_server_listen_fd(struct ms_http_server *s, int fd)
{
	struct ms_tcp_listener *l;
	int err;

	if (s->n_listeners == MS_HTTP_LISTENERS_MAX) {
		close(fd);
		return -ENOSPC;
	}
	err = ms_tcp_listen_fd(fd, NULL, accepted, s, &l);
	if (err == 0)
		s->listeners[s->n_listeners++] = l;
	return err;
}

void ms_http_server_set_limits(struct ms_http_server *s, const struct ms_http_limits *l)
{
	s->limits = with_defaults(l);
}

const struct ms_http_stats *ms_http_server_stats(const struct ms_http_server *s)
{
	return &s->stats;
}

static void close_listeners(struct ms_http_server *s)
{
	while (s->n_listeners > 0)
		ms_tcp_listener_close(s->listeners[--s->n_listeners]);
}

void ms_http_server_left(struct ms_http_server *s)
{
	if (s->stopping && s->stats.open == 0)
		ms_defer_call(&s->stop_defer);
}

void ms_http_server_stop(struct ms_http_server *s, ms_usec limit, void (*done)(void *arg),
			 void *arg)
{
	struct ms_list *link, *next;

	s->stopping = true;
	s->stopped = done;
	s->stopped_arg = arg;
	close_listeners(s);
	ms_list_foreach_safe (link, next, &s->conns) {
		struct ms_http_request *r = MS_CONTAINER_OF(link, struct ms_http_request, link);

		r->last = true;
		if (r->phase == MS_HTTP_IDLE)
			ms_http_conn_end(r);
	}
	ms_timer_start(&s->stop_timer, limit);
	ms_http_server_left(s);
}

struct ms_http_server *ms_http_server_free(struct ms_http_server *s)
{
	if (!s)
		return NULL;
	close_listeners(s);
	while (!ms_list_empty(&s->conns)) {
		struct ms_http_request *r =
			MS_CONTAINER_OF(s->conns.next, struct ms_http_request, link);

		r->tcp = ms_tcp_close(r->tcp);
		ms_http_conn_end(r);
	}
	ms_timer_stop(&s->stop_timer);
	ms_defer_cancel(&s->stop_defer);
	ms_http_addresses_done(&s->addresses);
	return ms_free(s);
}

/* ---- routes ---- */

static void refuse_method(struct ms_http_request *r, const struct ms_http_route *route)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ MS_HTTP_GET, "GET, HEAD" },
		{ MS_HTTP_POST, "POST" },
		{ MS_HTTP_PUT, "PUT" },
		{ MS_HTTP_DELETE, "DELETE" },
	};
	char allow[64] = "Allow: ";
	size_t n = strlen(allow);

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++)
		if (route->methods & names[i].bit)
			n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s",
					      n > 7 ? ", " : "", names[i].name);
	snprintf(allow + n, sizeof(allow) - n, "\r\n");
	ms_http_reply_fields(r, 405, allow, NULL, MS_SPAN_NULL);
}

static bool leads_to(const struct ms_http_route *route, struct ms_span path)
{
	struct ms_span own = ms_span_str(route->path);

	return ms_span_eq(path, own) ||
	       (route->below && ms_span_starts(path, own) && path.p[own.len] == '/');
}

void ms_http_dispatch(struct ms_http_request *r)
{
	struct ms_http_server *s = r->server;
	unsigned method = r->head.method == MS_HTTP_HEAD ? MS_HTTP_GET : r->head.method;

	if (!ms_http_address_may(r->address, s->limits.rate, s->limits.rate_burst, ms_loop_now())) {
		s->stats.rate_limited++;
		ms_http_reply_fields(r, 429, "Retry-After: 1\r\n", NULL, MS_SPAN_NULL);
		return;
	}
	for (size_t i = 0; i < s->n_routes; i++) {
		const struct ms_http_route *route = &s->routes[i];

		if (!leads_to(route, r->head.path))
			continue;
		if (!(route->methods & method)) {
			s->stats.method++;
			refuse_method(r, route);
			return;
		}
		s->stats.requests++;
		route->handler(r, route->arg);
		return;
	}
	s->stats.not_found++;
	ms_http_refuse(r, 404);
}
