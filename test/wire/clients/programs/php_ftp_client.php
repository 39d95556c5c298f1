<?php
// PHP's ftp extension, one thing a run: HOST PORT USER PASSWORD DATA SECURITY TLS TRUSTED VERB WORDS...
// It verifies no certificate, and takes the version of TLS that it is given.
[, $host, $port, $user, $password, $data, $security, , , $verb] = $argv;
$words = array_slice($argv, 10);

// Whatever it warns of has failed.
set_error_handler(function ($level, $message) {
    fwrite(STDERR, "$message\n");
    exit(1);
});

$connect = $security === 'plain' ? 'ftp_connect' : 'ftp_ssl_connect';
$ftp = $connect($host, (int) $port, 30);
ftp_login($ftp, $user, $password);
ftp_pasv($ftp, $data === 'passive');

$say = fn (array $lines) => print implode('', array_map(fn ($line) => "$line\n", $lines));

$verbs = [
    'upload' => fn ($local, $remote) => ftp_put($ftp, $remote, $local),
    'download' => fn ($remote, $local) => ftp_get($ftp, $local, $remote),
    'stream' => fn ($remote) => ftp_fget($ftp, STDOUT, $remote),
    'LIST' => fn ($folder) => $say(ftp_rawlist($ftp, $folder)),
    'NLST' => fn ($folder) => $say(ftp_nlist($ftp, $folder)),
    'MLSD' => fn ($folder) => $say(array_column(
        array_filter(ftp_mlsd($ftp, $folder), fn ($entry) => $entry['type'] === 'file'),
        'name',
    )),
    'rename' => fn ($from, $to) => ftp_rename($ftp, $from, $to),
    'remove' => fn ($path) => ftp_delete($ftp, $path),
    'upload-rest' => fn ($local, $remote, $at) => ftp_put($ftp, $remote, $local, FTP_BINARY, (int) $at),
    'download-rest' => fn ($remote, $local) => ftp_get($ftp, $local, $remote, FTP_BINARY, filesize($local)),
    'upload-text' => fn ($local, $remote) => ftp_put($ftp, $remote, $local, FTP_ASCII),
    'download-text' => fn ($remote, $local) => ftp_get($ftp, $local, $remote, FTP_ASCII),
];
$verbs[$verb](...$words);
ftp_close($ftp);
