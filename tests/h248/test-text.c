/* SPDX-License-Identifier: Apache-2.0 */
/* The text codec: what is read where, what is refused with which code, and that writing gives it back. */
#include "ms-test.h"

#include <errno.h>

#include "h248/text.h"
#include "tree-equal.h"

static struct ms_h248_arena arena;
static struct ms_h248_refused refused;

static const struct ms_h248_message *read_text(const char *text)
{
	const struct ms_h248_message *m = NULL;
	ms_h248_arena_reset(&arena);
	if (ms_h248_text_decode(ms_span_str(text), &arena, &refused, &m) < 0) {
		print_message("refused %d %s %zu: %s\n", refused.fault.code, refused.fault.reason,
			      refused.fault.offset, text);
		fail();
	}
	return m;
}

static const struct ms_h248_command *command_of(const struct ms_h248_message *m)
{
	return m->transactions->actions->commands;
}

/* Commands of one action in a request (or reply) of version 3. */
static const struct ms_h248_command *request(const char *commands)
{
	static char text[1000];
	snprintf(text, sizeof(text), "!/3 <a>\nT=1{C=1{%s}}", commands);
	return command_of(read_text(text));
}

static const struct ms_h248_command *reply(const char *commands)
{
	static char text[1000];
	snprintf(text, sizeof(text), "!/3 <a>\nP=1{C=1{%s}}", commands);
	return command_of(read_text(text));
}

/* What `text` becomes in a style. */
static void assert_written(const char *text, unsigned style, const char *wanted)
{
	struct ms_buf b;
	ms_buf_init(&b, 4096);
	assert_int_equal(ms_h248_text_encode(read_text(text), style, &b), 0);
	assert_string_equal(ms_buf_cstr(&b), wanted);
	ms_buf_done(&b);
}

static void test_header(void **state)
{
	(void)state;
	const struct ms_h248_message *m =
		read_text(" ; hello\r\n MEGACO/2 [192.0.2.7]:2944 PN=4294967295{}");
	assert_int_equal(m->version, 2);
	assert_int_equal(m->mid.kind, MS_H248_MID_IPV4);
	assert_int_equal(m->mid.port, 2944);
	assert_memory_equal(m->mid.address, "\xc0\x00\x02\x07", 4);
	assert_int_equal(m->transactions->kind, MS_H248_PENDING);
	assert_true(m->transactions->id == UINT32_MAX);
	assert_int_equal(read_text("!/3 [2001:db8::1] K{1-5}")->mid.kind, MS_H248_MID_IPV6);
	assert_span_str(read_text("!/99 <mg1.example.net>:1\tK{1}")->mid.name, "mg1.example.net");
	assert_span_equal(read_text("!/1 mtp { 0a0B0c } K{1}")->mid.name,
			  ms_span_of("\x0a\x0b\x0c", 3));
	assert_span_str(read_text("!/1 gw_1/a*@x.example K{1}")->mid.name, "gw_1/a*@x.example");
}

static void test_auth(void **state)
{
	(void)state;
	const struct ms_h248_message *m = read_text(
		"Authentication = 0x01020304:0xfffffffe:0x000102030405060708090a0B !/1 <a> ER=402{}");
	assert_true(m->auth.present);
	assert_memory_equal(m->auth.spi, "\x01\x02\x03\x04", 4);
	assert_memory_equal(m->auth.sequence, "\xff\xff\xff\xfe", 4);
	assert_int_equal(m->auth.data.len, 12);
	assert_int_equal(m->error->code, 402);
	assert_null(m->error->text.p);
}

static void test_transactions(void **state)
{
	(void)state;
	const struct ms_h248_message *m =
		read_text("!/3 <a>\nTransactionResponseAck{7,9-12}P=5/2/&{IA,ER=503{\"x\"}}"
			  "SM=6/1 T=8{C=$,C=-,C=*}");
	const struct ms_h248_transaction *t = m->transactions;
	assert_int_equal(t->acks->first, 7);
	assert_int_equal(t->acks->last, 7);
	assert_int_equal(t->acks->next->last, 12);
	t = t->next;
	assert_int_equal(t->segment, 2);
	assert_true(t->segment_end && t->ack_required);
	assert_span_str(t->error->text, "x");
	t = t->next;
	assert_int_equal(t->kind, MS_H248_SEGMENT_REPLY);
	assert_false(t->segment_end);
	t = t->next;
	assert_true(t->actions->context == MS_H248_CONTEXT_CHOOSE);
	assert_true(t->actions->next->context == MS_H248_CONTEXT_NULL);
	assert_true(t->actions->next->next->context == MS_H248_CONTEXT_ALL);
	assert_null(t->next);
}

static void test_commands(void **state)
{
	(void)state;
	const struct ms_h248_command *c = request("o-W-subtract = * {audit{}}, Move=[a,$]");
	assert_true(c->optional && c->wildcard_response);
	assert_int_equal(c->terminations->kind, MS_H248_TERMINATION_ALL);
	assert_non_null(c->audit);
	assert_int_equal(c->next->verb, MS_H248_MOVE);
	assert_int_equal(c->next->terminations->next->kind, MS_H248_TERMINATION_CHOOSE);
	assert_int_equal(request("AV=rOOt{AT{}}")->terminations->kind, MS_H248_TERMINATION_ROOT);
	/* A termination may be called as a token is; only replies to audits know "Context". */
	assert_span_str(request("AV=Context{AT{}}")->terminations->name, "Context");
	c = reply("AV=Context{t1,t2},AV=C{ER=430{}}");
	assert_true(c->context_audit);
	assert_span_str(c->terminations->next->name, "t2");
	assert_int_equal(c->next->error->code, 430);
}

static void test_media(void **state)
{
	(void)state;
	const struct ms_h248_media *m =
		request("A=$ { Media { TerminationState { ServiceStates=OutOfService, Buffer=LockStep, a/b=\"\" },"
			"Stream=7 { LocalControl { Mode=SendOnly, reservedvalue=on, ReservedGroup = off, x/y=[1:2] },"
			"Local { \n v=0\nc=a\\}b \n}, Remote{} }, ST=8{SA} } }")
			->media;
	assert_int_equal(m->service_state, MS_H248_SERVICE_OUT);
	assert_int_equal(m->event_buffer, MS_H248_BUFFER_LOCKSTEP);
	assert_int_equal(m->state_properties->values->form, MS_H248_QUOTED);
	assert_int_equal(m->streams->id, 7);
	assert_int_equal(m->streams->control.mode, MS_H248_MODE_SENDONLY);
	assert_int_equal(m->streams->control.reserve_value, MS_H248_FLAG_ON);
	assert_int_equal(m->streams->control.reserve_group, MS_H248_FLAG_OFF);
	assert_int_equal(m->streams->control.properties->relation, MS_H248_RANGE);
	assert_span_str(m->streams->control.properties->values->next->octets, "2");
	assert_span_str(m->streams->local.sdp, "v=0\nc=a}b");
	assert_true(m->streams->remote.present);
	assert_int_equal(m->streams->remote.sdp.len, 0);
	assert_true(m->streams->next->has_statistics);
	assert_int_equal(request("A=$ { M { O { MO=IN } , L{v=0} } }")->media->streams->id, 0);
}

static void test_relations(void **state)
{
	static const struct {
		const char *text;
		enum ms_h248_relation relation;
	} all[] = {
		{ "= 1", MS_H248_EQUAL },     { "> 1", MS_H248_GREATER },
		{ "<1", MS_H248_LESS },       { "#1", MS_H248_UNEQUAL },
		{ "=[1:2]", MS_H248_RANGE },  { "={1,2}", MS_H248_ANY_OF },
		{ "=[1,2]", MS_H248_ALL_OF }, { "=[\"1\"]", MS_H248_ALL_OF },
	};
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(all); i++) {
		char text[100];
		snprintf(text, sizeof(text), "MF=a{M{O{p/q%s}}}", all[i].text);
		const struct ms_h248_param *p = request(text)->media->streams->control.properties;
		assert_int_equal(p->relation, all[i].relation);
		assert_span_str(p->values->octets, "1");
	}
}

static void test_events(void **state)
{
	(void)state;
	const struct ms_h248_command *c = request(
		"MF=a{E=7{a/*{ST=2,KA,DM=plan},b/c{EM{SG{d/e},E=8{f/g{DM={T:5,x.},NBNN}}},ka=1},h/i{NBRN{EM{E=9{j/k}}},RSE}},"
		"EB{a/b{ST=1,p=\"q\"}},DM=plan{L:9,Z:1,(1|2)}}");
	const struct ms_h248_event *e = c->events->list;
	assert_int_equal(c->events->request_id, 7);
	assert_span_str(e->name.item, "*");
	assert_int_equal(e->stream, 2);
	assert_true(e->keep_active);
	assert_span_str(e->digitmap.name, "plan");
	e = e->next;
	assert_span_str(e->signals->list->name.package, "d");
	assert_int_equal(e->events->request_id, 8);
	assert_int_equal(e->events->list->digitmap.t, 5);
	assert_int_equal(e->events->list->notify, MS_H248_NOTIFY_NEVER);
	assert_span_str(e->params->name.item, "ka"); /* not the token: it has a value */
	e = e->next;
	assert_int_equal(e->notify, MS_H248_NOTIFY_REGULATED);
	assert_int_equal(e->regulated_events->request_id, 9);
	assert_true(e->reset_events);
	assert_span_str(c->event_buffer->params->name.item, "p");
	assert_int_equal(c->digitmap.l, 9);
	assert_int_equal(c->digitmap.z, 1);
	assert_span_str(c->digitmap.body, "(1|2)");
	c = request("MF=a{Events,EventBuffer,Signals}");
	assert_false(c->events->has_request_id);
	assert_true(c->has_event_buffer);
	assert_null(c->signals->list);
	assert_true(request("MF=a{E=*{a/b}}")->events->request_id == UINT32_MAX);
}

static void test_signals(void **state)
{
	(void)state;
	const struct ms_h248_signal *s =
		request("MF=a{SG{a/b{ST=3,SY=TO,DR=30,NC={TO,IBE,IBS,OR,IR},KA,SPADI=B,SPARQ=5,SPAIS=6,x=[1,2]},"
			"SL=4{c/d{SY=OO},e/f}}}")
			->signals->list;
	assert_int_equal(s->stream, 3);
	assert_int_equal(s->type, MS_H248_TIME_OUT);
	assert_int_equal(s->duration, 30);
	assert_int_equal(s->completion, 31);
	assert_true(s->keep_active);
	assert_int_equal(s->direction, MS_H248_DIRECTION_BOTH);
	assert_int_equal(s->request_id, 5);
	assert_int_equal(s->delay, 6);
	assert_span_str(s->params->name.item, "x");
	s = s->next;
	assert_true(s->is_list);
	assert_int_equal(s->list_id, 4);
	assert_span_str(s->list->next->name.package, "e");
}

static void test_observed(void **state)
{
	(void)state;
	const struct ms_h248_command *c =
		request("N=a{OE=7{20260102T03040506 : a/b{ST=1,ds=\"9 1\"},c/d},ER=518{\"full\"}}");
	assert_int_equal(c->observed_id, 7);
	assert_memory_equal(c->observed->time.date, "20260102", 8);
	assert_memory_equal(c->observed->time.time, "03040506", 8);
	assert_int_equal(c->observed->stream, 1);
	assert_span_str(c->observed->params->values->octets, "9 1");
	assert_false(c->observed->next->time.present);
	assert_int_equal(c->error->code, 518);
}

static void test_audit(void **state)
{
	(void)state;
	const struct ms_h248_audit *a =
		request("AV=x{AT{MX,M{TS{SI,BF,a/b},ST=2{O{MO#SO,RV,c/d}}},E{e/f},SG{},EB{g/h{p}},DM=m,SA{i/j},PG{k-2}}}")
			->audit;
	assert_int_equal(a->tokens, MS_H248_AUDIT_MUX);
	assert_int_equal(a->media->service_state, MS_H248_SERVICE_ASKED);
	assert_int_equal(a->media->event_buffer, MS_H248_BUFFER_ASKED);
	assert_null(a->media->state_properties->values);
	assert_int_equal(a->media->streams->control.mode, MS_H248_MODE_SENDONLY);
	assert_true(a->media->streams->control.mode_unequal);
	assert_int_equal(a->media->streams->control.reserve_value, MS_H248_FLAG_ASKED);
	assert_span_str(a->events->list->name.package, "e");
	assert_null(a->signals->list);
	assert_span_str(a->event_buffer->list->params->name.item, "p");
	assert_span_str(a->digitmap.name, "m");
	assert_span_str(a->statistics->name.item, "j");
	assert_int_equal(a->packages->version, 2);
}

static void test_reply_audit(void **state)
{
	(void)state;
	const struct ms_h248_command *c = reply("S=x{SA{nt/os=1,nt/dur},M,DM,E}");
	assert_span_str(c->statistics->values->octets, "1");
	assert_null(c->statistics->next->values);
	assert_int_equal(c->audit->tokens, MS_H248_AUDIT_MEDIA | MS_H248_AUDIT_DIGITMAP);
	assert_non_null(c->events);
	assert_true(reply("S=x{SA}")->has_statistics);
}

static void test_service_change(void **state)
{
	(void)state;
	const struct ms_h248_service_change *sc =
		request("SC=ROOT{SV{MT=X-abc,RE=902,DL=7,AD=<b>:55,PF=res/1,V=3,20260102T03040506,SIC,X+q=1,M,SA{a/b}}}")
			->service_change;
	assert_int_equal(sc->method, MS_H248_SC_EXTENSION);
	assert_span_str(sc->method_name, "X-abc");
	assert_span_str(sc->reason, "902");
	assert_int_equal(sc->delay, 7);
	assert_int_equal(sc->address.port, 55);
	assert_span_str(sc->profile, "res/1");
	assert_int_equal(sc->version, 3);
	assert_true(sc->time.present && sc->incomplete);
	assert_span_str(sc->extensions->name.item, "X+q");
	assert_int_equal(sc->info->tokens, MS_H248_AUDIT_MEDIA);
	assert_span_str(sc->info->statistics->name.item, "b");
	sc = reply("SC=ROOT{SV{AD=2944,MG=[192.0.2.1]}}")->service_change;
	assert_true(sc->address.port_only);
	assert_int_equal(sc->mgc_id.kind, MS_H248_MID_IPV4);
}

static void test_context(void **state)
{
	(void)state;
	const struct ms_h248_context *c =
		&read_text(
			 "!/3 <a>\nT=1{C=*{TP{a,b,OW,ST=4,$,*,IS,OWB},PR=3,EGO,IEPS=ON,CT{a/b=1},CT{CLT={1,-}},"
			 "CA{TP,PR,c/d,ORLgc,PR=2,EGV=EG,CT{e/f=2,g/h,CLT={9}}}}}")
			 ->transactions->actions->attributes;
	assert_int_equal(c->topology->kind, MS_H248_TOPOLOGY_ONEWAY);
	assert_int_equal(c->topology->stream, 4);
	assert_int_equal(c->topology->next->base, MS_H248_TOPOLOGY_ISOLATE);
	assert_int_equal(c->topology->next->kind, MS_H248_TOPOLOGY_ONEWAY_BOTH);
	assert_int_equal(c->priority, 3);
	assert_int_equal(c->emergency, MS_H248_FLAG_OFF);
	assert_int_equal(c->ieps, MS_H248_FLAG_ON);
	assert_span_str(c->properties->name.item, "b");
	assert_int_equal(c->list->next->id, MS_H248_CONTEXT_NULL);
	assert_true(c->audit && c->audit_topology && c->audit_priority && !c->audit_emergency);
	assert_span_str(c->audit_properties->name.item, "d");
	assert_span_str(c->audit_properties->next->name.item, "h");
	assert_int_equal(c->select->logic, MS_H248_SELECT_OR);
	assert_int_equal(c->select->priority, 2);
	assert_int_equal(c->select->emergency, MS_H248_FLAG_ON);
	assert_span_str(c->select->properties->name.item, "f");
	assert_int_equal(c->select->list->id, 9);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *at; /* the fault is where this stands; NULL: at the end */
	} all[] = {
		{ "", 400, "" },
		{ "MEGACO/0 <a> K{1}", 400, "MEGACO" },
		{ "MEGACO/100 <a> K{1}", 400, "MEGACO" },
		{ "!/1 [1.2.3.400] K{1}", 400, "1.2.3" },
		{ "!/1 <a> Hello{}", 400, "Hello" },
		{ "!/1 <a> K{1} ]", 400, "]" },
		{ "!/1 <a> T=4294967296{C=1{A=$}}", 400, "42949" },
		{ "!/1 <a> T=1{D=1}", 403, "D=" },
		{ "!/1 <a> T=1{C=1", 403, NULL },
		{ "!/1 <a> T=1{C=x{A=$}}", 403, "x{" },
		{ "!/1 <a> T=1{C=1{Foo=$}}", 443, "Foo" },
		{ "!/1 <a> T=1{C=1{PR=16,A=$}}", 422, "16" },
		{ "!/1 <a> T=1{C=1{A=$;}}", 422, NULL },
		{ "!/1 <a> T=1{C=1{A=a!b}}", 410, "a!b" },
		{ "!/1 <a> T=1{C=1{A=$(M)}}", 410, "$(M)" },
		{ "!/1 <a> T=1{C=1{A=${Foo{}}}}", 444, "Foo" },
		{ "!/1 <a> T=1{C=1{A=${OE=1{a/b}}}}", 447, "OE" },
		{ "!/1 <a> T=1{C=1{A=${M{O{MO=IN}},M{O{MO=IN}}}}}", 448, "M{O{MO=IN}}}}}" },
		{ "!/1 <a> T=1{C=1{A=${M{O{MO=IN,MO=IN}}}}}", 448, "=IN}}}" },
		{ "!/1 <a> T=1{C=1{A=${M{L{v=0", 442, "v=0" },
		{ "!/1 <a> T=1{C=1{A=${M{O{a/b=\"x}}}}}", 442, "x}" },
		{ "!/1 <a> T=1{C=1{A=${M{O{a/b}}}}}", 442, "}}}}}" },
		{ "!/1 <a> T=1{C=1{A=${M{ST=1{O{MO=IN}},O{MO=IN}}}}}", 447, "{MO=IN}}}}}" },
		{ "!/1 <a> T=1{C=1{A=${E=1{a/b{EM{E=2{c/d{EM{E=3{e/f}}}}}}}}}}", 442, "E=3" },
	};
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(all); i++) {
		const struct ms_h248_message *m;
		size_t len = strlen(all[i].text);
		ms_h248_arena_reset(&arena);
		assert_int_equal(
			ms_h248_text_decode(ms_span_str(all[i].text), &arena, &refused, &m),
			-EBADMSG);
		size_t at = all[i].at && *all[i].at
				    ? (size_t)(strstr(all[i].text, all[i].at) - all[i].text)
				    : len;
		if (refused.fault.code != all[i].code || refused.fault.offset != at)
			print_message("%s: %d at %zu, not %d at %zu\n", all[i].text,
				      refused.fault.code, refused.fault.offset, all[i].code, at);
		assert_int_equal(refused.fault.code, all[i].code);
		assert_int_equal(refused.fault.offset, at);
	}
}

static void test_refused_where(void **state)
{
	const struct ms_h248_message *m;
	(void)state;
	ms_h248_arena_reset(&arena);
	assert_int_equal(ms_h248_text_decode(
				 MS_SPAN_LIT("!/2 <a>:7 P=3{C=1{A=b}} T=9{C=5{A=$},C=6{A=${X}}}"),
				 &arena, &refused, &m),
			 -EBADMSG);
	assert_int_equal(refused.version, 2);
	assert_int_equal(refused.mid.port, 7);
	assert_true(refused.has_transaction && refused.has_context);
	assert_int_equal(refused.kind, MS_H248_REQUEST);
	assert_int_equal(refused.transaction, 9);
	assert_int_equal(refused.context, 6);
}

static void test_written(void **state)
{
	static const char text[] =
		"!/2 <a>:5 t = 1 { c=1{ a=$ { m { o{mo=sr, a/b=\"c d\"}, l { v=0 } } } } }";
	(void)state;
	assert_written(text, 0, "!/2 <a>:5\nT=1{C=1{A=${M{O{MO=SR,a/b=\"c d\"},L{\nv=0\n}}}}}");
	assert_written(
		text, MS_H248_TEXT_LONG,
		"MEGACO/2 <a>:5\nTransaction=1{Context=1{Add=${Media{LocalControl{Mode=SendReceive,a/b=\"c d\"},"
		"Local{\nv=0\n}}}}}");
	assert_written("!/1 <a> P=1{C=1{N=x}}", MS_H248_TEXT_PRETTY,
		       "MEGACO/1 <a>\nReply = 1{\n\tContext = 1{\n\t\tNotify = x\n\t}\n}");
}

/* Transactions encoded one by one are the message encoded at once. */
static void test_one_by_one(void **state)
{
	static const struct ms_h248_codec *const codecs[] = { &ms_h248_codec_compact,
							      &ms_h248_codec_pretty };
	const struct ms_h248_message *m =
		read_text("!/3 <a> SM=1/2 T=1{C=1{A=$}} P=2{ER=500{}} K{1}");
	const struct ms_h248_message header = { .version = m->version, .mid = m->mid };
	struct ms_buf whole, parts, b;
	(void)state;
	ms_buf_init(&whole, 4096);
	ms_buf_init(&parts, 4096);
	ms_buf_init(&b, 4096);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ms_h248_text_encode(m, i ? MS_H248_TEXT_PRETTY : 0, &whole), 0);
		for (const struct ms_h248_transaction *t = m->transactions; t; t = t->next)
			codecs[i]->put_transaction(&parts, t, 3);
		codecs[i]->put_message(&b, &header, ms_buf_span(&parts));
		assert_string_equal(ms_buf_cstr(&b), ms_buf_cstr(&whole));
		ms_buf_reset(&whole);
		ms_buf_reset(&parts);
		ms_buf_reset(&b);
	}
	ms_buf_done(&whole);
	ms_buf_done(&parts);
	ms_buf_done(&b);
}

/* Trees a program built that have no text: refused, and nothing of them stays in the buffer. */
static void test_not_written(void **state)
{
	struct ms_h248_value value = { .octets = MS_SPAN_LIT("a\"b") };
	struct ms_h248_param param = {
		.name = { .item = MS_SPAN_LIT("x"), .package = MS_SPAN_LIT("y") }, .values = &value
	};
	struct ms_h248_stream stream = { .id = 1,
					 .has_control = true,
					 .control = { .properties = &param } };
	struct ms_h248_media media = { .streams = &stream };
	struct ms_h248_termination termination = { .kind = MS_H248_TERMINATION_CHOOSE };
	struct ms_h248_command command = { .terminations = &termination, .media = &media };
	struct ms_h248_action action = { .context = 1, .commands = &command };
	struct ms_h248_transaction transaction = { .id = 1, .actions = &action };
	struct ms_h248_message m = { .version = 1,
				     .mid = { .kind = MS_H248_MID_DOMAIN,
					      .name = MS_SPAN_LIT("a") },
				     .transactions = &transaction };
	struct ms_buf b;
	(void)state;
	ms_buf_init(&b, 4096);
	ms_buf_put_str(&b, "before");
	assert_int_equal(ms_h248_text_encode(&m, 0, &b),
			 -EINVAL); /* a quote has no place between quotes */
	assert_string_equal(ms_buf_cstr(&b), "before");
	value.octets = MS_SPAN_LIT("a b"); /* text, but not of SafeChars: quoted */
	assert_int_equal(ms_h248_text_encode(&m, 0, &b), 0);
	assert_string_equal(ms_buf_cstr(&b),
			    "before!/1 <a>\nT=1{C=1{A=${M{ST=1{O{y/x=\"a b\"}}}}}}");
	ms_buf_truncate(&b, 6);
	param.name.package = MS_SPAN_NULL; /* never bound */
	assert_int_equal(ms_h248_text_encode(&m, 0, &b), -EINVAL);
	param.name.package = MS_SPAN_LIT("y");
	command.has_observed = true; /* not in an Add */
	assert_int_equal(ms_h248_text_encode(&m, 0, &b), -EINVAL);
	assert_string_equal(ms_buf_cstr(&b), "before");
	ms_buf_done(&b);
}

/* Each maximum up to the size needed fails, the size needed does not. */
static void test_buffer_full(void **state)
{
	const struct ms_h248_message *m = read_text("!/1 <a> P=1{C=1{N=x,S=y{SA{nt/os=1}}}}");
	uint8_t octets[64];
	struct ms_buf b;
	size_t need;
	(void)state;
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	assert_int_equal(ms_h248_text_encode(m, 0, &b), 0);
	need = b.len;
	for (size_t max = 0; max <= need; max++) {
		ms_buf_init_fixed(&b, octets, max);
		assert_int_equal(ms_h248_text_encode(m, 0, &b), max < need ? -EMSGSIZE : 0);
	}
}

static void test_arena_full(void **state)
{
	struct ms_h248_arena small;
	const struct ms_h248_message *m;
	struct ms_buf b;
	(void)state;
	ms_h248_arena_init(&small, 8192);
	ms_buf_init(&b, 65536);
	ms_buf_put_str(&b, "!/1 <a> K{1");
	for (int i = 0; i < 1000; i++)
		ms_buf_put_str(&b, ",1");
	ms_buf_put_str(&b, "}");
	assert_int_equal(ms_h248_text_decode(ms_buf_span(&b), &small, &refused, &m), -ENOMEM);
	assert_int_equal(refused.fault.code, 500);
	ms_buf_done(&b);
	ms_h248_arena_done(&small);
}

static int torture(void *arg)
{
	struct ms_h248_arena a;
	const struct ms_h248_message *m;
	struct ms_buf b;
	(void)arg;
	ms_h248_arena_init(&a, 0);
	ms_buf_init(&b, 65536);
	int err = ms_h248_text_decode(MS_SPAN_LIT("!/1 <a> T=1{C=1{A=${M{L{a\\}b},R{v=0}}}}}"), &a,
				      NULL, &m);
	if (err == 0)
		err = ms_h248_text_encode(m, MS_H248_TEXT_PRETTY, &b);
	ms_buf_done(&b);
	ms_h248_arena_done(&a);
	return err;
}

static void test_out_of_memory(void **state)
{
	(void)state;
	assert_true(ms_test_torture(torture, NULL) >= 2);
}

static int teardown(void **state)
{
	(void)state;
	ms_h248_arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),        cmocka_unit_test(test_auth),
		cmocka_unit_test(test_transactions),  cmocka_unit_test(test_commands),
		cmocka_unit_test(test_media),         cmocka_unit_test(test_relations),
		cmocka_unit_test(test_events),        cmocka_unit_test(test_signals),
		cmocka_unit_test(test_observed),      cmocka_unit_test(test_audit),
		cmocka_unit_test(test_reply_audit),   cmocka_unit_test(test_service_change),
		cmocka_unit_test(test_context),       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_where), cmocka_unit_test(test_written),
		cmocka_unit_test(test_one_by_one),    cmocka_unit_test(test_not_written),
		cmocka_unit_test(test_buffer_full),   cmocka_unit_test(test_arena_full),
		cmocka_unit_test(test_out_of_memory),
	};
	ms_h248_arena_init(&arena, 0);
	return cmocka_run_group_tests(tests, NULL, teardown);
}
