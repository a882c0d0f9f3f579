# SPDX-License-Identifier: GPL-3.0-or-later
"""How telling a name is: points for street and town names, surnames and forenames.

One point halves the chance of coincidence (matching.md section 5).  The tables are ours: the names that everybody knows
to be common, in steps; everything else is taken to be rare.  A small register could not tell: there a common street
looks rare.  Pure.
"""

from typing import Final

from safehold.register.words import classify


def _points(table: str) -> dict[str, float]:
    """Return {name: points} of a table of lines ``points: name, name``; names as runs of folded keys."""
    points: dict[str, float] = {}
    for line in table.strip().splitlines():
        value, _, names = line.partition(":")
        for name in names.split(","):
            points["".join(classify(word).key for word in name.split())] = float(value)
    return points


# About how many streets of Great Britain bear the name: 5 some five thousand, one more halves it.
_STREETS: Final = _points(
    """
5: high, station, main, church
6: park, london, victoria, green, mill, school, the, new, north, west, south, east
7: manor, kings, queens, grange, york, windsor, alexandra, springfield, george, chapel, king, queen, market, bridge
7: hill, broad, orchard, the crescent, richmond, queensway, kingsway, broadway, highfield, albert, stanley, grove
7: woodland, woodlands, church hill, mill hill, front, back, castle, garden, avenue, union, bath, oak, cross
8: albion, alma, ash, ashley, beech, beechwood, belmont, birch, bramble, brook, brookside, burton, cambridge
8: carlton, cavendish, cedar, cherry, cherry tree, chester, chestnut, clarence, clifton, college, cromwell, derby
8: devonshire, drake, durham, duke, elm, essex, fairfield, farm, field, forest, gladstone, glebe, gloucester, gordon
8: gloster, greenway, hall, hamilton, hawthorn, hawthorne, hazel, heath, high north, high south, holly, holme, hope
8: ivy, james, john, kent, lancaster, laurel, lawn, leicester, lime, lincoln, linden, mayfield, meadow, meadows
8: moor, nelson, newton, norfolk, northfield, nursery, oakfield, oxford, parkside, parsonage, pine, poplar, princes
8: princess, priory, railway, rectory, regent, ridgeway, river, riverside, rose, rosemary, rowan, russell, salisbury
8: somerset, southfield, spring, st georges, st james, st johns, st marys, st peters, st pauls, stratford, surrey
8: sussex, sycamore, temple, tennyson, thames, thorn, tower, trinity, tudor, vicarage, warwick, water, waterloo
8: well, wellington, westfield, westminster, william, willow, wood, woodside, the green, prospect, clarendon
8: churchill, croft, common, cemetery
9: abbey, addison, albany, alder, almond, arthur, arundel, aspen, baker, balmoral, barn, bedford, berkeley, bishop
9: blenheim, bourne, briar, brick, bristol, browning, buckingham, byron, byrons, camden, canal, canterbury, chaucer
9: chatsworth, church farm, church green, clare, cliff, coronation, cottage, court, crescent, crown, dale, dean
9: dickens, dover, dorset, earl, edinburgh, edward, elizabeth, exeter, falcon, ferry, fern, fir, foundry, fox
9: fairview, glen, goldsmith, granville, gray, greenfield, grosvenor, guildford, hampton, harrow, haven, henry
9: hereford, hillside, howard, hunter, juniper, keats, kensington, kingston, kingfisher, lake, lakeside, lark
9: lawrence, lea, lilac, lodge, long, lower, magnolia, malvern, maple, marlborough, marsh, mary, middle, milton
9: mount, mount pleasant, mulberry, myrtle, neville, norman, northumberland, oakland, oaklands, oakwood, old
9: osborne, paddock, palmerston, pear tree, percy, pleasant, pond, portland, primrose, raleigh, ripon, robin
9: rowland, royal, ruskin, rutland, sandringham, shakespeare, shelley, silver, stafford, stephenson, stuart, sunny
9: swan, tavistock, thomas, thornton, upper, vale, valley, vernon, victory, vine, walnut, walton, welbeck, wesley
9: weston, wharf, wilson, winchester, windmill, woodville, wordsworth, worcester, wren, yew tree, scott, cooper, gas
9: bank, quarry, hawthorns, old school, old mill, mill house, the avenue
"""
)
_DEFAULT_STREET = 11.0
COMMON_STREET: Final = 8.0  # up to here the name alone tells nothing
_SEVERAL_WORDS = 13.0  # a name of twelve letters or more is mostly two or three words
_LONG_NAME = 12

_TOWNS: Final = _points(
    """
3: london
4: birmingham, manchester, glasgow, leeds, liverpool
5: bristol, sheffield, edinburgh, leicester, bradford, cardiff, belfast, coventry, nottingham, hull, kingston upon
5: hull, newcastle, newcastle upon tyne, stoke on trent, southampton, portsmouth, plymouth, derby, wolverhampton
5: reading
6: aberdeen, swansea, norwich, luton, milton keynes, northampton, sunderland, brighton, hove, bournemouth, bolton
6: peterborough, middlesbrough, swindon, southend on sea, oxford, york, ipswich, gloucester, cambridge, exeter
6: warrington, dundee, blackpool, stockport, poole, huddersfield, preston, croydon, telford, slough, watford
6: rotherham, oldham, bromley, ilford, harrow, enfield, romford, kingston upon thames, newport, rochdale, wigan, st
6: helens, walsall, dudley
7: wakefield, barnsley, doncaster, halifax, blackburn, burnley, bury, salford, southport, birkenhead, chester, crewe
7: macclesfield, lincoln, grimsby, scunthorpe, mansfield, chesterfield, burton upon trent, stafford, lichfield
7: tamworth, nuneaton, rugby, leamington spa, warwick, worcester, redditch, kidderminster, hereford, shrewsbury
7: cheltenham, bath, taunton, yeovil, weston super mare, torquay, paignton, truro, salisbury, basingstoke
7: winchester, eastleigh, fareham, gosport, havant, guildford, woking, crawley, horsham, worthing, eastbourne
7: hastings, maidstone, ashford, canterbury, dover, folkestone, margate, ramsgate, gillingham, chatham, rochester
7: dartford, gravesend, tunbridge wells, tonbridge, sevenoaks, chelmsford, colchester, basildon, harlow, brentwood
7: clacton on sea, bedford, st albans, stevenage, hemel hempstead, welwyn garden city, hertford, high wycombe
7: aylesbury, maidenhead, bracknell, newbury, banbury, kettering, corby, wellingborough, great yarmouth, lowestoft
7: kings lynn, bury st edmunds, darlington, hartlepool, stockton on tees, durham, gateshead, south shields
7: scarborough, harrogate, keighley, carlisle, lancaster, barrow in furness, kendal, inverness, perth, stirling
7: falkirk, paisley, kilmarnock, ayr, dunfermline, kirkcaldy, livingston, hamilton, east kilbride, greenock
7: dumfries, wrexham, bangor, llandudno, rhyl, aberystwyth, llanelli, neath, port talbot, bridgend, barry, merthyr
7: tydfil, pontypridd, caerphilly, cwmbran, lisburn, derry, londonderry, newry, craigavon, ballymena, omagh
8: accrington, andover, altrincham, ascot, barnet, barnstaple, bexhill, bicester, bideford, billericay, bishops
8: stortford, blyth, bognor regis, bootle, boston, braintree, brecon, bridgwater, bridlington, buxton, camberley
8: camborne, cannock, carmarthen, castleford, chertsey, chippenham, chorley, cirencester, cleethorpes, congleton
8: cranleigh, daventry, deal, dewsbury, didcot, dorchester, dorking, droitwich, dunstable, east grinstead, ellesmere
8: port, ely, epsom, esher, evesham, exmouth, falmouth, farnborough, farnham, felixstowe, fleet, frome, gainsborough
8: glastonbury, glossop, godalming, goole, grantham, grays, hailsham, harpenden, hartley, harwich, haverhill, hayes
8: haywards heath, henley on thames, herne bay, hexham, hinckley, hitchin, huntingdon, hyde, ilkeston, kenilworth
8: keynsham, knutsford, leatherhead, leighton buzzard, letchworth, lewes, leyland, littlehampton, liskeard
8: loughborough, louth, ludlow, lymington, maldon, malvern, march, marlow, matlock, melton mowbray, minehead
8: morecambe, morpeth, nelson, newark, newhaven, newmarket, newquay, newton abbot, northallerton, northwich, oakham
8: orpington, ossett, oswestry, penrith, penzance, petersfield, pontefract, portishead, potters bar, rayleigh
8: redcar, redhill, redruth, reigate, rickmansworth, ringwood, romsey, royston, runcorn, rushden, ryde, saffron
8: walden, sale, seaford, selby, shoreham by sea, sittingbourne, skegness, skelmersdale, skipton, sleaford, solihull
8: spalding, st austell, st ives, staines, stamford, stourbridge, stowmarket, stratford upon avon, street, stroud
8: sudbury, surbiton, sutton, sutton coldfield, swanage, tewkesbury, thame, thetford, thornbury, tilbury, tiverton
8: trowbridge, twickenham, uxbridge, wallasey, wantage, ware, warminster, welshpool, wembley, westbury, weymouth
8: whitby, whitehaven, whitstable, wickford, widnes, wilmslow, wisbech, witham, witney, workington, worksop, yarm
8: ashton under lyne
"""
)
_DEFAULT_TOWN = 10.0
_NAMES_OF_EVERYWHERE: Final = frozenset(
    {"street", "sale", "deal", "march", "reading", "ware", "bath", "barry", "hyde", "hayes"}
)

# Names of houses: 4 are those of many thousands, 9 (the default) those of some hundreds and fewer.
_HOUSES: Final = _points(
    """
3: the surgery, the school, the hall, the church, the office, the health centre, the medical centre, the hospital
4: the cottage, the bungalow, rose cottage, the lodge, the old rectory, the vicarage, the rectory, orchard house
4: the barn, school house, the school house, ivy cottage, the coach house, the old school, the old school house
4: the farm, the farmhouse, manor farm, the manor, manor house, the manor house, the mill, the old vicarage, the house
4: home farm, hillside, woodlands, the willows, the old post office, station house, church house, church cottage
4: honeysuckle cottage, orchard cottage, the old bakery, the old forge, fairview, hillcrest, meadow view, the gables
5: oak cottage, holly cottage, church farm, manor cottage, hill house, hill farm, mill house, the old mill, park house
5: the orchard, the stables, the grange, the chalet, sunnyside, greenacres, the laurels, the beeches, the hollies
5: the firs, the elms, the oaks, the paddock, rectory cottage, school cottage, wayside, mill cottage, lodge farm
5: garden cottage, meadow cottage, yew tree cottage, white cottage, white house, the white house, the old chapel
5: springfield, oaklands, highfield, westfield, lyndhurst, ashleigh, oakdene, the haven, the nook, the granary
6: primrose cottage, bluebell cottage, jasmine cottage, wisteria cottage, corner cottage, lilac cottage, brook cottage
6: oak house, park farm, hill cottage, thatched cottage, lavender cottage, woodside, brookside, riverside, the croft
"""
)
_DEFAULT_HOUSE = 9.0
_PLAIN_HOUSE = 8.0
_KINDS_OF_HOUSE: Final = ("house", "cottage", "lodge", "farm", "court", "villa", "hall", "barn", "mill")

_SURNAMES: Final = _points(
    """
6: smith, jones, williams, brown, taylor, davies, patel, khan
7: wilson, evans, thomas, johnson, roberts, walker, wright, robinson, thompson, white, hughes, edwards, green, hall
7: wood, harris, lewis, martin, jackson, clarke, clark, turner, hill, scott, cooper, morris, ward, moore, king
7: watson, baker, harrison, morgan, young, allen, mitchell, james, anderson, phillips, lee, bell, parker, davis, ali
7: hussain, ahmed, singh, kaur, begum
"""
)
_DEFAULT_SURNAME = 12.0


def street(name: str) -> float:
    """Return the points of a street name."""
    known = _STREETS.get(name)
    if known is not None:
        return known
    return _SEVERAL_WORDS if len(name) >= _LONG_NAME else _DEFAULT_STREET


def house(name: str) -> float:
    """Return the points of the name of a house: fewer where it is a common word and a kind of house."""
    known = _HOUSES.get(name)
    if known is not None:
        return known
    first = next((name.removesuffix(kind) for kind in _KINDS_OF_HOUSE if name.endswith(kind)), "")
    return _PLAIN_HOUSE if first and street(first) <= COMMON_STREET else _DEFAULT_HOUSE


def town(name: str) -> float:
    """Return the points of a town."""
    return _TOWNS.get(name, _DEFAULT_TOWN)


def is_town(name: str) -> bool:
    """Return whether it is a town of Great Britain that is known as one, and not a word of every text."""
    return name in _TOWNS and name not in _NAMES_OF_EVERYWHERE


def surname(name: str) -> float:
    """Return the points of a surname."""
    return _SURNAMES.get(name, _DEFAULT_SURNAME)
