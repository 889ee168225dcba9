/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface in our loop: it says which sockets and which time it waits for. */
#include "http/client.h"

#include <curl/curl.h>
#include <errno.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/list.h"
#include "loop/loop.h"

#define REPLY_MAX ((size_t)64 * 1024)
#define CONNECT_LIMIT (5 * MS_SEC)
#define TOTAL_LIMIT (15 * MS_SEC)
#define CONNECTIONS 8

struct ms_http_client {
	CURLM *multi;
	struct ms_timer timer;
	struct ms_list calls;
	struct ms_list sockets;
	char *ca_file, *cert_file, *key_file;
	struct ms_http_client_options o; /* without its strings */
};

/* A socket of libcurl's. */
struct watched {
	struct ms_list link;
	struct ms_http_client *client;
	struct ms_watch watch;
	curl_socket_t fd;
};

struct ms_http_call {
	struct ms_list link;
	struct ms_http_client *client;
	CURL *easy;
	struct curl_slist *fields;
	uint8_t *body; /* owned; libcurl reads it while sending */
	struct ms_buf reply;
	char message[CURL_ERROR_SIZE];
	ms_http_answer_f *done;
	void *arg;
};

/* ---- the end of a call ---- */

static void free_call(struct ms_http_call *call)
{
	if (call->client && call->easy)
		curl_multi_remove_handle(call->client->multi, call->easy);
	ms_list_remove(&call->link);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->fields);
	ms_free(call->body);
	ms_buf_done(&call->reply);
	ms_free(call);
}

static int error_of(const struct ms_http_call *call, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_COULDNT_RESOLVE_HOST:
		return -EHOSTUNREACH;
	case CURLE_WRITE_ERROR:
		return ms_buf_status(&call->reply) ? ms_buf_status(&call->reply) : -EPROTO;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER:
		return -EKEYREJECTED;
	default:
		return -EPROTO;
	}
}

static void finish_call(struct ms_http_call *call, CURLcode code)
{
	struct ms_http_answer a = { .err = error_of(call, code), .message = "" };
	ms_http_answer_f *done = call->done;
	void *arg = call->arg;
	char *type = NULL;
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
	if (a.err) {
		a.message = call->message[0] ? call->message : curl_easy_strerror(code);
	} else {
		a.status = (int)status;
		a.type = ms_span_str(type);
		a.body = ms_buf_span(&call->reply);
	}
	/* Out of the list first: the handler may start and cancel others, not this one. */
	ms_list_remove(&call->link);
	done(&a, arg);
	free_call(call);
}

static void finish_calls(struct ms_http_client *c)
{
	struct ms_http_call *call;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left))) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		finish_call(call, code);
	}
}

/* ---- the loop ---- */

static void act(struct ms_http_client *c, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(c->multi, fd, events, &running);
	finish_calls(c);
}

static void socket_ready(unsigned events, void *arg)
{
	struct watched *w = arg;

	act(w->client, w->fd,
	    ((events & MS_LOOP_READ) ? CURL_CSELECT_IN : 0) |
		    ((events & MS_LOOP_WRITE) ? CURL_CSELECT_OUT : 0));
}

static void time_due(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi MS_UNUSED, long ms, void *arg)
{
	struct ms_http_client *c = arg;

	if (ms < 0)
		ms_timer_stop(&c->timer);
	else
		ms_timer_start(&c->timer, ms * MS_MSEC);
	return 0;
}

static void unwatch(struct watched *w)
{
	ms_watch_stop(&w->watch);
	ms_list_remove(&w->link);
	ms_free(w);
}

static struct watched *watch_new(struct ms_http_client *c, curl_socket_t fd)
{
	struct watched *w = ms_zalloc(sizeof(*w));

	if (!w)
		return NULL;
	w->client = c;
	w->fd = fd;
	ms_watch_init(&w->watch, "http.client", socket_ready, w);
	ms_list_append(&c->sockets, &w->link);
	curl_multi_assign(c->multi, fd, w);
	return w;
}

static int on_socket(CURL *easy MS_UNUSED, curl_socket_t fd, int what, void *arg, void *socket)
{
	struct watched *w = socket;
	unsigned events = (what & CURL_POLL_IN ? MS_LOOP_READ : 0) |
			  (what & CURL_POLL_OUT ? MS_LOOP_WRITE : 0);

	if (what == CURL_POLL_REMOVE) {
		if (w)
			unwatch(w);
		return 0;
	}
	if (!w)
		w = watch_new(arg, fd);
	return !w || ms_watch_set(&w->watch, fd, events) ? -1 : 0;
}

/* ---- calls ---- */

static size_t on_reply(char *data, size_t size, size_t n, void *arg)
{
	struct ms_http_call *call = arg;

	ms_buf_put(&call->reply, data, size * n);
	return ms_buf_status(&call->reply) ? 0 : size * n;
}

static int check_url(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	int err = -EINVAL;

	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0))
		err = 0;
	curl_free(scheme);
	curl_url_cleanup(u);
	return err;
}

static int add_field(struct ms_http_call *call, const char *field)
{
	struct curl_slist *more = curl_slist_append(call->fields, field);

	if (!more)
		return -ENOMEM;
	call->fields = more;
	return 0;
}

/* Where it may go: the URL itself, nothing else; no proxy of the environment, no redirect. */
static void set_paths(struct ms_http_call *call, const char *url)
{
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static void set_tls(struct ms_http_call *call)
{
	const struct ms_http_client *c = call->client;
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca_file) {
		curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (c->cert_file)
		curl_easy_setopt(e, CURLOPT_SSLCERT, c->cert_file);
	if (c->key_file)
		curl_easy_setopt(e, CURLOPT_SSLKEY, c->key_file);
}

static void set_rest(struct ms_http_call *call)
{
	const struct ms_http_client_options *o = &call->client->o;
	CURL *e = call->easy;

	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_limit / MS_MSEC));
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(o->total_limit / MS_MSEC));
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_reply);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, call->message);
	curl_easy_setopt(e, CURLOPT_PRIVATE, call);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->fields);
}

static int set_body(struct ms_http_call *call, const char *type, struct ms_span body)
{
	char field[256];

	if (snprintf(field, sizeof(field), "Content-Type: %s", type) >= (int)sizeof(field))
		return -EINVAL;
	call->body = ms_zalloc(body.len);
	if (!call->body)
		return -ENOMEM;
	if (body.len > 0)
		memcpy(call->body, body.p, body.len);
	curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, (char *)call->body);
	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	/* Waiting for 100 (Continue) costs a round trip; our bodies are small. */
	return add_field(call, field) || add_field(call, "Expect:") ? -ENOMEM : 0;
}

static struct ms_http_call *new_call(struct ms_http_client *c, ms_http_answer_f *done, void *arg)
{
	struct ms_http_call *call = ms_zalloc(sizeof(*call));

	if (!call)
		return NULL;
	call->done = done;
	call->arg = arg;
	ms_buf_init(&call->reply, c->o.reply_max);
	call->easy = curl_easy_init();
	if (!call->easy) {
		free_call(call);
		return NULL;
	}
	call->client = c;
	return call;
}

static int start(struct ms_http_client *c, const char *url, const char *type, struct ms_span body,
		 ms_http_answer_f *done, void *arg, struct ms_http_call **ret_call)
{
	struct ms_http_call *call;
	int err = check_url(url);

	if (err)
		return err;
	call = new_call(c, done, arg);
	if (!call)
		return -ENOMEM;
	set_paths(call, url);
	set_tls(call);
	if (type)
		err = set_body(call, type, body);
	set_rest(call);
	if (err == 0 && curl_multi_add_handle(c->multi, call->easy) != CURLM_OK)
		err = -ENOMEM;
	if (err) {
		free_call(call);
		return err;
	}
	ms_list_append(&c->calls, &call->link);
	if (ret_call)
		*ret_call = call;
	return 0;
}

int ms_http_post(struct ms_http_client *c, const char *url, const char *type, struct ms_span body,
		 ms_http_answer_f *done, void *arg, struct ms_http_call **ret_call)
{
	return start(c, url, type, body, done, arg, ret_call);
}

int ms_http_get(struct ms_http_client *c, const char *url, ms_http_answer_f *done, void *arg,
		struct ms_http_call **ret_call)
{
	return start(c, url, NULL, MS_SPAN_NULL, done, arg, ret_call);
}

void ms_http_cancel(struct ms_http_call *call)
{
	free_call(call);
}

/* ---- the client ---- */

static int copy(const char *s, char **ret_s)
{
	if (!s || !*s)
		return 0;
	*ret_s = ms_strdup(s);
	return *ret_s ? 0 : -ENOMEM;
}

static int set_up(struct ms_http_client *c, const struct ms_http_client_options *o)
{
	long connections = o->connections > 0 ? o->connections : CONNECTIONS;

	c->o.reply_max = o->reply_max > 0 ? o->reply_max : REPLY_MAX;
	c->o.connect_limit = o->connect_limit > 0 ? o->connect_limit : CONNECT_LIMIT;
	c->o.total_limit = o->total_limit > 0 ? o->total_limit : TOTAL_LIMIT;
	if (copy(o->ca_file, &c->ca_file) || copy(o->cert_file, &c->cert_file) ||
	    copy(o->key_file, &c->key_file))
		return -ENOMEM;
	c->multi = curl_multi_init();
	if (!c->multi)
		return -ENOMEM;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, connections);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
	return 0;
}

int ms_http_client_new(const struct ms_http_client_options *o, struct ms_http_client **ret_c)
{
	struct ms_http_client *c;
	int err;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	c = ms_zalloc(sizeof(*c));
	if (!c) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	ms_list_init(&c->calls);
	ms_list_init(&c->sockets);
	ms_timer_init(&c->timer, "http.client", time_due, c);
	err = set_up(c, o);
	if (err) {
		ms_http_client_free(c);
		return err;
	}
	*ret_c = c;
	return 0;
}

struct ms_http_client *ms_http_client_free(struct ms_http_client *c)
{
	if (!c)
		return NULL;
	while (!ms_list_empty(&c->calls))
		free_call(MS_CONTAINER_OF(c->calls.next, struct ms_http_call, link));
	curl_multi_cleanup(c->multi);
	while (!ms_list_empty(&c->sockets))
		unwatch(MS_CONTAINER_OF(c->sockets.next, struct watched, link));
	ms_timer_stop(&c->timer);
	ms_free(c->ca_file);
	ms_free(c->cert_file);
	ms_free(c->key_file);
	curl_global_cleanup();
	return ms_free(c);
}
