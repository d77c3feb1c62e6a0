package catalogue

import (
	"strings"

	"holdfast/internal/isms"
)

// stopWords carry no meaning of their own in promises; folded.
var stopWords = map[isms.Language]map[string]bool{
	isms.English: set(`a an and any all also are as at be been before by can company each ensure ensures ensured every for from
		has have how if in into is it its least may must no not of on once only or organisation organization other our out per
		shall should so such than that the their them then there these they this those to under upon use used we what when where
		which who will with within without you your`),
	isms.German: set(`aber alle allen aller alles als am an auch auf aus bei beim bevor bis da damit dass das dem den der des die
		dies diese diesem diesen dieser dieses durch ein eine einem einen einer eines er erfolgt es fur hat ihre ihren im in ist
		jede jedem jeden jeder jedes kann konnen man mit mindestens mussen muss nach nicht noch nur ob oder pro sein sich sie sind
		so sofern soll sollen sowie uber um und uns unser unsere unserer unter unternehmen vom von vor wenn werden wer wird wie wir zu zum zur`),
	isms.Slovenian: set(`ali bi biti bo bodo brez da do drug ga iz in je jih ji jo k kadar kako kar kateri katera katere katerih ker kjer
		ki ko lahko le mora morajo moramo na nad naj najmanj nas nasa nase ne nekaj ni njegov njihov njihova o ob od oziroma pa po pod
		podjetje podjetja pred preden pri s samo se si smo so svoj ta tako te tega tem ter ti to tudi v vsak vsaka vsako vse vseh vsi z za zato`),
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
