# Perl's Net::FTP, one thing a run: HOST PORT USER PASSWORD DATA SECURITY TLS TRUSTED VERB WORDS...
use strict;
use warnings;
use Net::FTP;

my ($host, $port, $user, $password, $data, $security, $tls, $trusted, $verb, @words) = @ARGV;
my %tls = $security eq 'plain' ? () : (SSL_ca_file => $trusted, SSL => $security eq 'implicit');
$tls{SSL_version} = 'TLSv' . $tls =~ tr/./_/r if $security ne 'plain' && $tls ne 'any';
my $ftp = Net::FTP->new($host, Port => $port, Passive => $data eq 'passive', Timeout => 30, %tls)
    or die "no connection: $@";
$security ne 'explicit' or $ftp->starttls or die $ftp->message;
$ftp->login($user, $password) or die $ftp->message;
$ftp->binary;

my $said = sub { print map { "$_\n" } @_; 1 };

my %verbs = (
    'upload'   => sub { $ftp->put(@_) },
    'download' => sub { $ftp->get(@_) },
    'stream'   => sub { $ftp->get($_[0], \*STDOUT) },
    'LIST'     => sub { my $lines = $ftp->dir(@_) or return; $said->(@$lines) },
    'NLST'     => sub { my $names = $ftp->ls(@_) or return; $said->(@$names) },
    'rename'   => sub { $ftp->rename(@_) },
    'remove'   => sub { $ftp->delete(@_) },
    # put goes on only from an open file's own position.
    'upload-rest' => sub {
        my ($local, $remote, $at) = @_;
        open my $file, '<:raw', $local or die "$local: $!";
        seek $file, $at, 0;
        $ftp->restart($at);
        $ftp->put($file, $remote);
    },
    'download-rest' => sub { my ($remote, $local) = @_; $ftp->get($remote, $local, -s $local) },
    'upload-text'   => sub { $ftp->ascii; $ftp->put(@_) },
    'download-text' => sub { $ftp->ascii; $ftp->get(@_) },
);

binmode STDOUT;
$verbs{$verb}->(@words) or die $ftp->message;
$ftp->quit;
