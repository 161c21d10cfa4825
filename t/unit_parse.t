# The grammar of the query options (OData 4.01 ABNF), by build/unit/oc_parse:
# what it takes (M7, M10), what it does not, and where that is. None of the
# names here is one of the model.

use strict;
use warnings;

use Test::More;

use OfficeConfig::Native qw(build_native output_of);

build_native('unit');

my $program = 'build/unit/oc_parse';
my (@lines, @expected);

# rule, text, and where it is rejected, or undef
while (my $line = <DATA>) {
    chomp $line;
    next if $line =~ /^(#|$)/;

    my ($expected, $rule, $text) = split /\t/, $line, 3;
    push @lines, "$rule\t$text";
    push @expected, $expected eq 'ok' ? 'accept' : "reject $expected";
}

my ($status, $text) = run(@lines);
my @got = split /\n/, $text;

is $status, 0, 'exit status';
is @got, @lines, 'a line for each';

for my $i (0 .. $#lines) {
    my $got = $got[$i] =~ s/^(accept|reject \d+).*/$1/r;
    is $got, $expected[$i], $lines[$i] =~ s/\t/: /r;
}

ok !(grep { /^reject/ && !/^reject \d+ [A-Z"\$].*\.$/ } @got),
   'a sentence says what was expected';

($status, $text) = run("filter\tpriority eq 7", "filter\tnothing eq 7",
                       "filter\t\$root/x eq 7", '# a comment', '',
                       "expand\tassignments/\$ref");
is $text, "accept\naccept\naccept\naccept\n", 'without the model';

($status, $text) = run('-t', "filter\tpriority eq 7", "filter\tnothing eq 7",
                       "filter\t\$root/x eq 7");
like $text, qr/^accept\nreject 0 .*\nunsupported 0 .*\n$/, 'with the model';

($status) = run("filtre\ttrue");
isnt $status, 0, 'a rule that there is not';

done_testing;


# run(@lines): what the program says of them; "-t" may be the first one

sub run {
    my (@in) = @_;
    my @options = @in && $in[0] eq '-t' ? shift @in : ();
    my $file = "build/unit/parse.$$";

    open my $fh, '>', $file or die "$file: $!\n";
    print $fh "$_\n" for @in;
    close $fh or die "$file: $!\n";

    my @result = output_of('sh', '-c', 'exec "$0" "$@" < ' . $file, $program,
                           @options);
    unlink $file;
    return @result;
}

# in the data: ok or the position, the rule, the text, tabs between them

__DATA__
# literals
ok	filter	null eq true
ok	filter	A eq 1 and B eq -1 and C eq +1
ok	filter	A eq 1.5 or A eq 1e5 or A eq 1.5E-5
ok	filter	A eq INF or A eq -INF or A eq NaN
ok	filter	A eq 'it''s' or A eq ''
ok	filter	A eq 01234567-89ab-CDEF-0123-456789abcdef
ok	filter	A eq 2026-02-28 and B eq -0044-03-15 and C eq 12026-01-01
ok	filter	A eq 23:59 or A eq 23:59:60 or A eq 00:00:00.123456789012
ok	filter	A eq 2026-01-01T00:00:00Z or A eq 2026-01-01T00:00-11:30
ok	filter	A eq duration'P1DT2H3M4.5S' or A eq duration'-PT1S'
ok	filter	A eq binary'SGk' or A eq binary'SGk=' or A eq binary''
ok	filter	A has Sales.Pattern'Yellow' and B eq Sales.Pattern'Red,4'
ok	filter	A eq geography'SRID=0;Point(142.1 64.1)'
ok	filter	A eq geometry'SRID=12345;LineString(1 2,3 4 5)'
ok	filter	A eq geography'SRID=0;Polygon((1 1,2 2,1 1),(3 3,3 3))'
ok	filter	A eq geometry'SRID=0;MultiPoint((1 2),(3 4))'
ok	filter	A eq geometry'SRID=0;MultiPoint()'
ok	filter	A eq geometry'SRID=0;MultiLineString((1 2,3 4))'
ok	filter	A eq geometry'SRID=0;MultiPolygon(((1 2,3 4)))'
ok	filter	A eq geometry'SRID=0;GeometryCollection(Point(1 2),Point(3 -4e1))'
ok	filter	A eq True
8	filter	A eq nan'x'
5	filter	A eq 2026-02-30
5	filter	A eq 1.
9	filter	A eq '''a
7	filter	A eq a b
12	filter	A eq binary'a'
12	filter	A eq binary'ab'
14	filter	A eq duration'P'
14	filter	A eq duration'PT'
14	filter	A eq duration'P1M'
21	filter	A eq geometry'SRID=0;Pont(1 2)'
28	filter	A eq geometry'SRID=0;Point(1)'
20	filter	A eq geometry'SRID=0 ;Point(1 2)'
8	filter	A eq Red'Yellow'

# operators
ok	filter	not (A eq 1) and not contains(B,'x') or -A add 1 eq - 2
ok	filter	A  EQ	1 AND B Ne 2
ok	filter	A in (1,2, 3 ,4) and B in ['a'] and C in () and D in @d
ok	filter	(((A)))
ok	filter	A add B sub C mul D div E divby F mod G eq 1
4	filter	A eq
2	filter	A eq1
4	filter	A eq(1)
2	filter	A == 1
8	filter	A eq eq 1
6	filter	A in (B,1)
9	filter	A in (1,2
3	filter	eq 1
6	filter	A eq 1)
3	filter	(A 
ok	filter	not

# paths
ok	filter	A/B/C eq D/Ns.Type/E and Ns.Sub.Type/F eq $it/G
ok	filter	$this gt 5 or $it/A eq $root/Set('x')/B
ok	filter	Items/$count gt 1 and Items/Ns.Type/$count eq 0
ok	filter	Items/$filter(A eq 1)/$count eq 1
ok	filter	Items/$count($filter=A eq 1;$search=x) gt 0
ok	filter	Items('x')/A eq 1 and Items(1) ne null and Items(a=1,b='x')/C eq 1
ok	filter	Ns.Function(p=1,q=@x) eq 1 and A/Ns.Bound() and Function(p='y')
ok	filter	@Core.Term eq 1 and A/@Ns.Term#q/B eq 2 and @alias eq 3
ok	filter	Items/any() and Items/any(x:x/A eq 1) and Items/All( x : x eq 1 )
ok	filter	Items/any(x:x/Sub/any(y:x/A eq y/B))
2	filter	A/
4	filter	A/B/ eq 1
7	filter	Ns.Type
11	filter	Items/any(x)
10	filter	Items/all()
12	filter	Items/any(x:)
12	filter	Items/$count/A eq 1
6	filter	Items/$value eq 1
0	filter	$x eq 1
5	filter	$root eq 1
7	filter	Items(1,a=2) eq 1

# functions
ok	filter	contains(A,'x') and startswith( A , 'x' ) and EndsWith(A,B)
ok	filter	length(trim(concat(A,B))) gt indexof(A,'x')
ok	filter	substring(A,1) eq substring(A,1,2) or tolower(A) eq toupper(A)
ok	filter	matchesPattern(A,'^x') and year(A) eq month(A) and day(A) lt 3
ok	filter	hour(A) add minute(A) add second(A) gt fractionalseconds(A)
ok	filter	date(A) lt date(now()) and time(A) gt time(maxdatetime())
ok	filter	mindatetime() lt A and totalseconds(B) lt totaloffsetminutes(A)
ok	filter	round(A) eq floor(A) or ceiling(A) eq 1
ok	filter	cast(A,Edm.String) eq 'x' and isof(Ns.Type) and isof(A,Ns.Type)
ok	filter	cast( Edm.Int32 ) eq 1 or isof(A,Collection(Edm.String))
ok	filter	geo.distance(A,B) lt 1 and geo.intersects(A,B) and geo.length(A) gt 1
ok	filter	hassubset(A,[1,2]) or hassubsequence(A,B)
ok	filter	case(A eq 1:'x',true:'y') eq 'x'
10	filter	contains(A) and B
12	filter	contains(A,B,C)
7	filter	length()
4	filter	now(A) gt B
8	filter	cast(A) b
11	filter	case(A eq 1)

# JSON
ok	filter	A eq {"a":1,"b":[true,null,"c\u00e4\"\\"]} and B in ["x","y"]
ok	filter	[] eq [ 1 , 2 ]
9	filter	A eq ["x]
6	filter	A eq {a:1}
9	filter	A eq {"a"}
8	filter	A eq ["\x"]
7	filter	A eq [1

# orderby
ok	orderby	A
ok	orderby	A asc,B desc, C
ok	orderby	A/B/$count DESC,length(C) add 1
ok	orderby	asc
ok	orderby	desc desc
2	orderby	A up
2	orderby	A,
7	orderby	A desc,,B
0	orderby	

# select
ok	select	*
ok	select	A,B/C, D
ok	select	Ns.Type/A,Ns.*,Ns.Action,Ns.Function(p,q),A/Ns.Type/B
ok	select	A($select=B,C;$top=2;$filter=D eq 1;orderby=E;$count=true)
ok	select	A(@x=1;$filter=B eq @x;$compute=C add 1 as D)
ok	select	@Ns.Term
2	select	A,
0	select	/A
3	select	A(B
2	select	A(nothing=1)
2	select	A($levels=2)
2	select	A B
0	select	

# expand
ok	expand	*
ok	expand	*/$ref,A/$ref,B/$count
ok	expand	*($levels=max)
ok	expand	A($filter=B eq 1;$select=C,D;$orderby=E desc;$top=1;$skip=2)
ok	expand	A(filter=B eq ')';$count=true;$search=x OR "y;z";$levels=3)
ok	expand	A($expand=B($expand=C/$ref($filter=D));$select=E)
ok	expand	A/Ns.Type,Ns.Type/B/C,A/$count($filter=true;$search=x)
ok	expand	A($compute=B mul 2 as C,D as E)
ok	expand	$value
0	expand	
2	expand	A()
2	expand	A($nothing=1)
7	expand	A/$ref($select=B)
9	expand	A/$count($top=1)
9	expand	A($count=yes)
10	expand	A($levels=0)
7	expand	A($top=-1)
10	expand	A($filter=)
9	expand	A($top=1;)
8	expand	A($top=1
9	expand	A($top=1;$top=2)
0	expand	$ref
2	expand	A/$value

# search
ok	search	word
ok	search	a b AND c OR NOT d
ok	search	"a phrase" AND (b OR c) NOT d
ok	search	NOT NOT a
ok	search	AND
ok	search	 a 
ok	search	NOT
ok	search	a AND
ok	search	it's,a-word.with:signs@$!*
11	search	'incomplete
ok	search	'in ''complete'
0	search	
1	search	()
3	search	a (
4	search	(a b
1	search	""
2	search	"a
1	search	a;b
1	search	a)
1	search	a"b"

# skiptoken
ok	skiptoken	b3BhcXVl
0	skiptoken	
