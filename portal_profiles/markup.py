"""HTML, ARIA and CSS as far as a scrubbed page keeps them: nothing else of a page is written again."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Elements without an end tag (HTML, section 13.1.2).
VOID = _words("area base br col embed hr img input link meta param source track wbr")

#: Dropped with all that is in them: programs, other documents, pictures drawn in the page.
DROPPED_WHOLE = _words("""
    script noscript object applet iframe frame frameset svg math canvas audio video map xmp noembed
    noframes plaintext
""")

#: Elements that are kept.
TAGS = _words("""
    html head title style body header footer nav main section article aside h1 h2 h3 h4 h5 h6 hgroup p
    div span a b i u s em strong small mark abbr cite code dfn kbd q samp sub sup time var bdi bdo data
    del ins br wbr hr pre blockquote ol ul li menu dl dt dd figure figcaption table caption colgroup col
    thead tbody tfoot tr th td form fieldset legend label input button select datalist optgroup option
    textarea output progress meter details summary dialog img picture address center font template slot
    search
""")

#: Attributes that wire a page together: kept, but nothing that was said of somebody may stand in them.
WIRING = _words("""
    id class name for form list headers slot part data-testid data-test-id data-test data-cy data-qa
    aria-labelledby aria-describedby aria-controls aria-owns aria-activedescendant aria-details
    aria-errormessage
""")

#: Attributes that say something to people.
SPOKEN = _words("""
    value title alt placeholder label summary aria-label aria-valuetext aria-valuenow aria-valuemin
    aria-valuemax aria-description aria-placeholder aria-roledescription datetime
""")

#: Attributes whose values are words of the standards or small numbers; any other value is dropped.
PLAIN = _words("""
    role type dir colspan rowspan scope tabindex hidden inert disabled readonly required checked
    selected multiple open size rows cols maxlength autocomplete shadowrootmode aria-hidden
    aria-expanded aria-selected aria-checked aria-disabled aria-readonly aria-required aria-invalid
    aria-level aria-colindex aria-rowindex aria-colspan aria-rowspan aria-colcount aria-rowcount
    aria-modal aria-live aria-busy aria-current aria-haspopup aria-sort aria-pressed
    aria-multiselectable aria-orientation aria-atomic aria-autocomplete
""")

#: Those words: ARIA roles and states, input types.
STANDARD = _words("""
    true false mixed row col rowgroup colgroup ltr rtl auto open closed until-found on off none page
    step date time location menu listbox tree grid dialog both inline list assertive polite ascending
    descending other horizontal vertical username current-password new-password one-time-code disabled
    checked selected readonly required hidden multiple alert alertdialog application article banner
    blockquote button caption cell checkbox code columnheader combobox complementary contentinfo
    definition document emphasis feed figure form generic gridcell group heading img insertion deletion
    link listitem log main marquee math menubar menuitem menuitemcheckbox menuitemradio meter navigation
    note option paragraph presentation progressbar radio radiogroup region rowheader scrollbar search
    searchbox separator slider spinbutton status strong subscript superscript switch tab table tablist
    tabpanel term textbox timer toolbar tooltip treegrid treeitem text email tel url number password
    submit reset image file color range month week datetime-local
""")

#: Properties of CSS that decide what is seen and where.
STYLES = _words("""
    display visibility position opacity width height min-width min-height max-width max-height overflow
    overflow-x overflow-y clip clip-path left right top bottom float margin padding transform z-index
    content-visibility grid-template-columns white-space
""")

#: Words of their values, units and functions included.
STYLE_WORDS = _words("""
    none block inline inline-block flex inline-flex grid inline-grid contents table table-row table-cell
    table-row-group table-header-group list-item flow-root visible hidden collapse static relative
    absolute fixed sticky scroll clip auto inherit initial unset left right nowrap normal pre rect inset
    circle px em rem vh vw fr translate translatex translatey scale repeat important
""")

#: What selectors may name that is no element's own.
PSEUDO = _words("""
    :root :host :not :is :where :has :first-child :last-child :nth-child :only-child :empty :checked
    :disabled :focus :hover :active :focus-within :focus-visible ::before ::after ::slotted ::part
    ::placeholder :host-context :nth-of-type :first-of-type :last-of-type
""")
