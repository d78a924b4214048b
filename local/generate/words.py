"""Word lists for invented names. No company, person or product here is meant to exist."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A municipality with its IBGE code (7 digits) and the first five digits of its postal codes."""

    code: str
    name: str
    uf: str
    cep: str


CITIES = tuple(
    City(*line.split("|"))
    for line in """3550308|São Paulo|SP|01310
3509502|Campinas|SP|13010
3518800|Guarulhos|SP|07010
3543402|Ribeirão Preto|SP|14010
3552205|Sorocaba|SP|18010
3304557|Rio de Janeiro|RJ|20040
3303302|Niterói|RJ|24020
3106200|Belo Horizonte|MG|30110
3170206|Uberlândia|MG|38400
3118601|Contagem|MG|32010
3205309|Vitória|ES|29010
3205002|Serra|ES|29160
4106902|Curitiba|PR|80010
4113700|Londrina|PR|86010
4115200|Maringá|PR|87013
4205407|Florianópolis|SC|88010
4209102|Joinville|SC|89201
4202404|Blumenau|SC|89010
4314902|Porto Alegre|RS|90010
4305108|Caxias do Sul|RS|95010
2927408|Salvador|BA|40010
2910800|Feira de Santana|BA|44001
2611606|Recife|PE|50010
2304400|Fortaleza|CE|60010
2408102|Natal|RN|59010
2507507|João Pessoa|PB|58010
2704302|Maceió|AL|57010
2800308|Aracaju|SE|49010
2111300|São Luís|MA|65010
2211001|Teresina|PI|64000
1501402|Belém|PA|66010
1302603|Manaus|AM|69005
1100205|Porto Velho|RO|76801
1200401|Rio Branco|AC|69900
1400100|Boa Vista|RR|69301
1600303|Macapá|AP|68900
1721000|Palmas|TO|77001
5208707|Goiânia|GO|74003
5201108|Anápolis|GO|75020
5300108|Brasília|DF|70040
5103403|Cuiabá|MT|78005
5002704|Campo Grande|MS|79002""".splitlines()
)

STREETS = (
    "Rua das Acácias", "Avenida Brasil Novo", "Rua Sete Colinas", "Avenida dos Ipês", "Rua do Comércio",
    "Rodovia Municipal 12", "Travessa da Fonte", "Rua Monte Alegre", "Avenida Industrial", "Rua São Bento Velho",
    "Alameda dos Jacarandás", "Rua Coronel Fontoura", "Avenida das Nações Unidas", "Rua Projetada 7",
    "Estrada da Pedreira", "Rua Visconde do Vale", "Praça da Estação", "Avenida Beira Rio",
)  # fmt: skip
DISTRICTS = (
    "Centro", "Jardim América", "Distrito Industrial", "Vila Nova", "Boa Esperança", "Santa Luzia", "Parque das Águas",
    "Alto da Serra", "São José", "Campo Belo", "Bela Vista", "Cidade Nova",
)  # fmt: skip
COMPLEMENTS = ("Galpão 2", "Sala 304", "Bloco B", "Fundos", "Km 12", "Loja 5", "2º andar")

COMPANY_FIRST = (
    "Aurora", "Serra Azul", "Três Rios", "Vale Verde", "Ponte Alta", "Pinhal", "Boa Safra", "Lumiar", "Ipê Roxo",
    "Campo Largo", "Nova Era", "Sabiá", "Jequitibá", "Monte Claro", "Horizonte", "Rio Doce", "Estrela do Sul",
    "Itaúna", "Capivari", "Araçá", "Mirante", "Pedra Branca", "Quatro Irmãos", "Santa Rita", "Cachoeira", "Planalto",
    "Marajó", "Bandeirante", "Guará", "Arco-Íris", "Litoral", "Farol", "Oliveira & Prado", "Moura & Filhos",
)  # fmt: skip
SELLER_TRADES = (
    "Comércio de Ferragens", "Indústria de Plásticos", "Distribuidora de Alimentos", "Indústria Metalúrgica",
    "Atacado de Bebidas", "Comércio de Autopeças", "Indústria Têxtil", "Comércio de Materiais Elétricos",
    "Distribuidora de Medicamentos", "Indústria de Móveis", "Comércio de Papel e Embalagens", "Agroindustrial",
)  # fmt: skip
SHOP_TRADES = ("Supermercado", "Farmácia", "Padaria", "Calçados e Confecções", "Pet Shop", "Papelaria", "Eletro")
CARRIER_TRADES = ("Transportes Rodoviários", "Logística e Transportes", "Transportadora", "Encomendas e Cargas")
UTILITY_TRADES = ("Distribuidora de Energia", "Energia Elétrica", "Companhia de Luz e Força")
BUYER_TRADES = (*SELLER_TRADES, *SHOP_TRADES, "Construções", "Clínica Médica", "Restaurante", "Escola", "Condomínio")
COMPANY_LAST = ("Ltda", "Ltda ME", "Ltda EPP", "S.A.", "Eireli", "e Cia Ltda")

GIVEN_NAMES = (
    "Ana", "João", "Marina", "Antônio", "Cecília", "Paulo", "Luíza", "Davi", "Helena", "Otávio", "Beatriz", "Rafael",
    "Joana", "Sérgio", "Lívia", "Tomás", "Irene", "Caio", "Marta", "Bruno",
)  # fmt: skip
SURNAMES = (
    "Silveira", "Andrade", "Nogueira", "Batista", "Carvalho", "Fontes", "Guimarães", "Leitão", "Meireles", "Nóbrega",
    "Pacheco", "Queiroz", "Ramalho", "Sampaio", "Teles", "Vasconcelos", "Xavier", "Araújo", "Brandão", "Cordeiro",
)  # fmt: skip

SOFTWARE = ("4.0.12", "ERP Fiscal 9.2", "NFe-Web 2.31", "2.1.0.7", "Emissor 5.4", "SGI-4.00b", "1.0.19.3-prod", "FAT10")

# description | NCM | CEST or nothing | unit | lowest and highest price in cents
PRODUCTS = tuple(
    line.split("|")
    for line in """Parafuso sextavado 1/4 x 1 zincado|73181500||CX|1250|4990
Cabo flexível 2,5 mm 750V rolo 100 m|85444900|1200700|RL|12900|24900
Disjuntor bipolar 32A curva C|85362000|1200100|UN|2990|7990
Arroz agulhinha tipo 1 pacote 5 kg|10063021|1709800|PCT|1890|3290
Feijão carioca tipo 1 pacote 1 kg|07133319||PCT|590|1190
Açúcar cristal fardo 10 x 1 kg|17019900||FD|2990|5290
Óleo de soja refinado 900 ml|15079011||UN|490|990
Café torrado e moído 500 g|09012100||UN|1290|3490
Cerveja pilsen lata 350 ml pack 12|22030000|0302100|PCT|2490|4990
Refrigerante cola 2 litros|22021000|0301000|UN|590|1190
Água mineral sem gás 500 ml fardo 12|22011000|0300300|FD|1190|2290
Chapa de aço carbono 3 mm|72085200||KG|590|1290
Tubo PVC soldável 25 mm barra 6 m|39172300|1000500|BR|1690|3490
Cimento CP II saco 50 kg|25232910|1000100|SC|2990|4590
Tinta acrílica fosca branca 18 litros|32091010|2800100|LT|18990|38990
Pneu 175/70 R13|40111000|1600100|UN|21990|38990
Bateria automotiva 60 Ah|85071010|0105600|UN|32990|58990
Filtro de óleo do motor|84212300|0102000|UN|1590|4990
Pastilha de freio dianteira jogo|87083090|0107700|JG|5990|15990
Camiseta malha algodão manga curta|61091000||UN|1990|5990
Calça jeans masculina|62034200||UN|5990|15990
Tecido brim 100% algodão|52094200||MT|1590|3990
Caixa de papelão ondulado 40x30x25|48191000||UN|190|690
Resma papel sulfite A4 75 g|48025610|1900900|UN|1790|3290
Caneta esferográfica azul cx 50|96081000|1901000|CX|2990|5990
Dipirona sódica 500 mg 20 comprimidos|30049099|1300300|UN|490|1990
Álcool etílico 70% 1 litro|22071090|1100300|UN|690|1290
Detergente neutro 500 ml cx 24|34022000|1100500|CX|3990|6990
Sabão em pó 1,6 kg|34022000|1100400|UN|1290|2490
Ração para cães adultos 15 kg|23091000|2200100|SC|8990|21990
Fertilizante NPK 10-10-10 saco 50 kg|31052000||SC|11990|19990
Soja em grãos|12019000||TON|159000|219000
Milho em grãos saca 60 kg|10059010||SC|5590|8990
Leite integral UHT 1 litro|04012010|1701600|UN|390|690
Queijo mussarela peça|04061010|1702400|KG|2990|4990
Frango inteiro congelado|02071200|1708700|KG|890|1690
Carne bovina resfriada dianteiro|02013000|1708400|KG|1990|3990
Mesa de escritório em MDF 1,20 m|94033000||UN|29990|69990
Cadeira giratória com braços|94013090||UN|24990|79990
Notebook 14 pol 8 GB SSD 256 GB|84713012||UN|219900|459900
Monitor LED 24 pol|85285220||UN|59900|119900
Smartphone 128 GB dual chip|85171300|2105301|UN|79900|299900
Lâmpada LED bulbo 9 W|85395200|0900500|UN|490|1290
Motor elétrico trifásico 2 cv|85015110||UN|89900|159900
Bomba centrífuga 1 cv|84137080||UN|49900|109900
Rolamento rígido de esferas 6204|84821010|0105300|UN|1290|3990
Graxa lubrificante balde 20 kg|27101932|0600700|BD|25990|44990
Luva de segurança raspa par|42032900||PAR|990|2490
Capacete de segurança com jugular|65061000||UN|1490|3990
Pallet de madeira PBR 1,00 x 1,20|44152000||UN|3990|7990""".splitlines()
)
BRANDS = ("Vitta", "Norte", "Kappa", "Brisa", "Solano", "Tropic", "Ferro Bom", "Mirim", "Delta", "Ouro Fino")

CANCEL_REASONS = (
    "Erro de digitação no valor total da nota", "Mercadoria não saiu do estabelecimento do emitente",
    "Pedido cancelado pelo cliente antes da entrega", "Nota emitida em duplicidade por falha do sistema",
    "Dados do destinatário informados incorretamente",
)  # fmt: skip
CORRECTIONS = (
    "Onde se lê CEP incorreto, considerar o CEP constante no cadastro do cliente",
    "VOLUME: 4 VOLUMES, PESO BRUTO 118,500 KG", "Corrigir a placa do veículo transportador para a informada no canhoto",
    "Dados adicionais: incluir número do pedido de compra 45887", "Corrigir a natureza da operação para remessa",
)  # fmt: skip
VOID_REASONS = (
    "Falha do sistema que pulou a sequência de numeração", "Numeração não utilizada por queda de energia",
    "Quebra de sequência na troca do emissor de notas",
)  # fmt: skip
REFUSALS = (
    "Mercadoria recusada por avaria na embalagem", "Pedido entregue fora do prazo combinado e devolvido ao transporte",
    "Quantidade entregue diferente do pedido de compra",
)  # fmt: skip
NOTES = (
    "Documento emitido por ME ou EPP optante pelo Simples Nacional. Não gera direito a crédito fiscal de IPI.",
    "Valor aproximado dos tributos conforme Lei 12.741/2012. Fonte: IBPT.",
    "Procon: Rua da Ajuda 100, telefone 151. Reclamações em até 7 dias do recebimento.",
    "Mercadoria entregue em perfeito estado. Não aceitamos devolução após 5 dias úteis.",
    "ICMS recolhido por substituição tributária conforme Protocolo ICMS 41/2008.",
    "Vendedor: 0017 Condição: 28/35/42 dias. Romaneio:",
    "Base de cálculo reduzida conforme artigo 34 do anexo II do RICMS.",
)  # fmt: skip
