#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%%! +S 1
%% Our binary codec against Erlang megaco's, both ways: megaco encodes its own example messages in BER,
%% ours decodes and encodes them again (with definite and with indefinite lengths), megaco decodes that and must
%% see what it had encoded.
%%
%%   escript erlang-binary.escript PROGRAM
%%
%% megaco leaves the wrapping of string values (RFC 3525 A.2) to its user: it is done here.
-mode(compile).

main([Program]) ->
    case code:lib_dir(megaco) of
        {error, _} -> io:format("skipped: no Erlang megaco~n"), halt(77);
        Dir -> run(Program, filename:join([Dir, "examples", "meas", "time_test.msgs"]))
    end.

run(Program, File) ->
    case file:consult(File) of
        {ok, Codecs} -> run(Program, proplists:get_value(pretty, Codecs), mktemp());
        _ -> io:format("skipped: no megaco examples~n"), halt(77)
    end.

run(Program, Messages, Temp) ->
    Terms = [term(Text) || {_Name, Text} <- Messages],
    ok = file:write_file(Temp, [frame(encode(T)) || T <- Terms]),
    Results = [round_trip(Program, Temp, Levels, Terms) || Levels <- ["0", "4", "9"]],
    file:delete(Temp),
    Bad = lists:sum(Results),
    io:format("~w messages three times, ~w different~n", [length(Terms), Bad]),
    halt(if Bad =:= 0, length(Terms) > 100 -> 0; true -> 1 end).

round_trip(Program, Temp, Levels, Terms) ->
    Port = open_port({spawn_executable, Program}, [{args, [Temp, Levels]}, binary, exit_status, use_stdio]),
    case collect(Port, []) of
        {0, Out} -> compare(Levels, Terms, unframe(Out));
        {Status, _} -> io:format("~s ended with ~w~n", [Program, Status]), length(Terms)
    end.

compare(Levels, Terms, Binaries) when length(Terms) =:= length(Binaries) ->
    length([x || {{V, M}, B} <- lists:zip(Terms, Binaries), not same(Levels, V, M, B)]);
compare(_, Terms, Binaries) ->
    io:format("~w messages became ~w~n", [length(Terms), length(Binaries)]),
    length(Terms).

same(Levels, V, M, Binary) ->
    {ok, Sent} = megaco_ber_encoder:decode_message([], V, encode({V, M})),
    case catch megaco_ber_encoder:decode_message([], V, Binary) of
        {ok, Got} ->
            case {normal(Sent), normal(Got)} of
                {Same, Same} -> true;
                {S, G} -> io:format("levels ~s:~n  ~p~n  ~p~n", [Levels, S, G]), false
            end;
        Other ->
            io:format("levels ~s: megaco cannot read it: ~P~n", [Levels, Other, 30]), false
    end.

%% The order of descriptors in a list has no meaning.
normal(T) when is_tuple(T) -> list_to_tuple([normal(E) || E <- tuple_to_list(T)]);
normal([H | _] = L) when is_tuple(H) -> lists:sort([normal(E) || E <- L]);
normal(X) -> X.

term(Text) ->
    {ok, V} = megaco_pretty_text_encoder:version_of([], Text),
    {ok, M} = megaco_pretty_text_encoder:decode_message([], V, Text),
    {V, wrap(M)}.

encode({V, M}) ->
    {ok, Bin} = megaco_ber_encoder:encode_message([], V, M),
    Bin.

%% A property with a name of one letter is a line of SDP; a reason begins with its number.
wrap({'PropertyParm', [C], [V], X}) when is_list(V) -> {'PropertyParm', [C], [ia5(V)], X};
wrap(T) when element(1, T) =:= 'ServiceChangeParm' ->
    list_to_tuple([reason(E) || E <- tuple_to_list(T)]);
wrap(T) when is_tuple(T) -> list_to_tuple([wrap(E) || E <- tuple_to_list(T)]);
wrap(L) when is_list(L) -> [wrap(E) || E <- L];
wrap(X) -> X.

reason([[D | _] = S]) when D >= $0, D =< $9 -> [ia5(S)];
reason(X) -> wrap(X).

ia5(S) -> [16#16, length(S) | S].

frame(B) -> <<(byte_size(B)):32, B/binary>>.

unframe(<<N:32, B:N/binary, Rest/binary>>) -> [B | unframe(Rest)];
unframe(<<>>) -> [].

collect(Port, Acc) ->
    receive
        {Port, {data, D}} -> collect(Port, [D | Acc]);
        {Port, {exit_status, S}} -> {S, iolist_to_binary(lists:reverse(Acc))}
    end.

mktemp() ->
    filename:join(case os:getenv("TMPDIR") of false -> "/tmp"; D -> D end,
                  "mediasec-h248-" ++ os:getpid() ++ ".bin").
