#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% The same conversation as tls-peer, by Erlang's ssl:  client|server PORT KEY_HEX [IDENTITY]

main([Role, Port, Key | Rest]) ->
    {ok, _} = application:ensure_all_started(ssl),
    Identity = case Rest of [I] -> I; [] -> "" end,
    run(Role, list_to_integer(Port), binary:decode_hex(list_to_binary(Key)), Identity).

options(Key) ->
    [{versions, ['tlsv1.2']}, {active, false}, {mode, binary}, {packet, line},
     {ciphers, [#{key_exchange => psk, cipher => aes_128_gcm, mac => aead, prf => sha256},
                #{key_exchange => psk, cipher => aes_128_cbc, mac => sha256, prf => default_prf}]},
     {user_lookup_fun, {fun(psk, Name, K) ->
                                io:format("identity ~p~n", [Name]),
                                {ok, K}
                        end, Key}}].

run("server", Port, Key, _) ->
    {ok, Listener} = ssl:listen(Port, [{ip, {127, 0, 0, 1}}, {reuseaddr, true} | options(Key)]),
    io:format("listening~n"),
    {ok, Accepted} = ssl:transport_accept(Listener),
    case ssl:handshake(Accepted, 10000) of
        {ok, Socket} -> io:format("open~n"), echo(Socket);
        {error, Reason} -> io:format("failed ~p~n", [Reason]), halt(1)
    end;
run("client", Port, Key, Identity) ->
    case catch ssl:connect("127.0.0.1", Port, [{psk_identity, Identity}, {verify, verify_none}
                                               | options(Key)], 10000) of
        {ok, Socket} ->
            io:format("open~n"),
            ok = ssl:send(Socket, "hello mediasec\n"),
            {ok, Line} = ssl:recv(Socket, 0, 10000),
            io:format("line ~s", [Line]),
            ssl:close(Socket),
            io:format("closed~n");
        Other ->
            io:format("failed ~p~n", [Other]),
            halt(1)
    end.

echo(Socket) ->
    case ssl:recv(Socket, 0, 10000) of
        {ok, Line} ->
            io:format("line ~s", [Line]),
            ok = ssl:send(Socket, ["echo ", Line]),
            echo(Socket);
        {error, closed} ->
            io:format("closed~n");
        {error, Reason} ->
            io:format("failed ~p~n", [Reason]), halt(1)
    end.
